"""A message as JSON to a web address: chat rooms, ticket systems, programs of the library's own.

What belongs here: the form of the JSON. What does not: what is told (``message.py``), and HTTP (``retrieval/post.py``).
"""

from autoholdings_assets.alerts.message import Message, NotDelivered
from autoholdings_assets.config import WebhookSettings
from autoholdings_assets.retrieval import NotPosted, post_json

_NO_MARKUP = str.maketrans("<>", "\u2039\u203a")


def send(settings: WebhookSettings, message: Message) -> None:
    """Post the message. ``text`` is what chat rooms show, the other keys are for programs.

    Raises `NotDelivered`, and ``ConfigurationError`` when the address is not set.
    """
    # in a chat room <...> could be a link with another name or call everyone: a vendor's title must not do that
    text = f"{message.subject}\n\n{message.text}".translate(_NO_MARKUP)
    try:
        post_json(settings.address(), {"text": text, **message.content})
    except NotPosted as error:
        problem = str(error)
    else:
        return
    raise NotDelivered(f"The webhook {settings.shown} {problem} It is tried again at the next look.")

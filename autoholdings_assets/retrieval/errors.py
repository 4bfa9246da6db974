"""Every way in which a file can fail to arrive: what happened, what to do, and whether trying again can help.

What belongs here: one class a failure; ``transient`` is the one place that tells what is worth another
attempt, for every retry mechanism. What does not: noticing the failure (``http.py``).
"""

from typing import Any, ClassVar

from autoholdings_assets.kbart.errors import key_of


class RetrievalError(Exception):
    """A file did not arrive. ``message`` and ``advice`` are sentences for a librarian; no credential is in
    them."""

    key: ClassVar[str]
    transient: ClassVar[bool] = False
    what: ClassVar[str]
    what_to_do: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.key = key_of(cls)

    def __init__(self, *, retry_after: float | None = None, **details: Any) -> None:
        self.message = self.what.format(**details)
        self.advice = self.what_to_do.format(**details).strip()
        self.retry_after = retry_after
        super().__init__(f"{self.message} {self.advice}")


class CredentialMissing(RetrievalError):
    """The environment has no value for a credential of the profile."""

    what = 'Profile "{profile}": {problem}'
    what_to_do = "Nothing was asked of {vendor}. Set it where the pipeline runs, then run again."


class WrongCredentials(RetrievalError):
    """401."""

    what = '{vendor} does not accept the credentials of profile "{profile}" ({credentials}; HTTP 401).'
    what_to_do = "Compare them with the ones that the vendor gave. {setup}"


class AccessDenied(RetrievalError):
    """403."""

    what = '{vendor} knows the credentials of profile "{profile}" but refuses the file (HTTP 403).'
    what_to_do = "Ask the vendor whether they are still active and may be used from this network."


class NoFileYet(RetrievalError):
    """404: before the vendor's first publication, or a wrong address."""

    what = '{vendor} has no file for profile "{profile}" yet (HTTP 404). {first_file}'
    what_to_do = "{expected} If there is none by then, check the profile's url."


class RequestRefused(RetrievalError):
    """Any other answer that is no file and that will not change by itself."""

    what = '{vendor} did not understand the request of profile "{profile}" (HTTP {status}).'
    what_to_do = "Check the profile's url against the one that the vendor gave."


class TooManyRequests(RetrievalError):
    """429."""

    transient = True
    what = '{vendor} asks profile "{profile}" to wait (HTTP 429, too many requests).'
    what_to_do = "Nothing to do: the next run tries again."


class VendorUnavailable(RetrievalError):
    """5xx and 408."""

    transient = True
    what = '{vendor} could not answer profile "{profile}" (HTTP {status}).'
    what_to_do = "The fault is the vendor's; the next run tries again. If it lasts for days, tell the vendor."


class NotReachable(RetrievalError):
    """No connection: name not found, refused, network down."""

    transient = True
    what = 'No connection to {vendor} for profile "{profile}" ({host}).'
    what_to_do = "Check the network and the host in the profile's url; the next run tries again."


class NotTrusted(RetrievalError):
    """The server's certificate does not prove who it is."""

    what = 'The server {host} of profile "{profile}" has no valid certificate; no credential was sent to it.'
    what_to_do = "Check the host in the profile's url, and the clock and certificates of this machine."


class TimedOut(RetrievalError):
    """No answer, or no end of it, in time."""

    transient = True
    what = '{vendor} was too slow for profile "{profile}" (no complete file within {seconds:g} seconds).'
    what_to_do = "The next run tries again. If it lasts for days, tell the vendor."


class CutOff(RetrievalError):
    """The connection ended before the file did; what came is thrown away."""

    transient = True
    what = 'The connection to {vendor} broke in the middle of the file of profile "{profile}".'
    what_to_do = "The part that came was thrown away; the next run tries again."


class EmptyAnswer(RetrievalError):
    """A file of no bytes."""

    what = '{vendor} sent an empty file for profile "{profile}".'
    what_to_do = "Ask the vendor; if the institution really has no titles any more, retire the profile."


class WebPage(RetrievalError):
    """HTML in place of the file."""

    what = '{vendor} sent a web page in place of a KBART file for profile "{profile}"{excerpt}.'
    what_to_do = "This is often a sign-in page: check the url and the credentials."


class ErrorMessage(RetrievalError):
    """JSON or XML in place of the file."""

    what = '{vendor} sent a message in place of a KBART file for profile "{profile}"{excerpt}.'
    what_to_do = "Check the url and the credentials, or send this message to the vendor."


class TooLarge(RetrievalError):
    """More bytes than the vendor's cap allows, as they come or once the transfer is unpacked."""

    what = 'The file of profile "{profile}" is larger than {megabytes} MB; it was not kept.'
    what_to_do = "If that is right for {vendor}, raise max_megabytes in a vendor file of your own in vendors/."


class BrokenFile(RetrievalError):
    """A compressed transfer that cannot be unpacked."""

    what = 'The file of profile "{profile}" came in a compressed form that is damaged or not known here.'
    what_to_do = "Run again; if it stays so, tell {vendor}."


class CredentialInFile(RetrievalError):
    """A title list in which the profile's own credential stands; kept, it would spread to everyone who reads it."""

    what = 'The file of profile "{profile}" repeats its credential ({credentials}) among the titles; it was refused.'
    what_to_do = "Tell {vendor}, and ask for a new credential if others may have had the file."


class OtherHost(RetrievalError):
    """A redirect that would carry the credentials to another server, or on to an unencrypted one."""

    what = '{vendor} points profile "{profile}" from {host} to another server ({other}); it was not followed.'
    what_to_do = "If the vendor has moved, it will give you a new address: put it into the profile's url."


class TooManyRedirects(RetrievalError):
    """The server keeps pointing elsewhere."""

    what = '{vendor} sends profile "{profile}" from one address to the next without end.'
    what_to_do = "Check the profile's url against the one that the vendor gave."


class BadAddress(RetrievalError):
    """An address that is none, in the configuration or in a redirect."""

    what = 'The address of {vendor} for profile "{profile}" cannot be used.'
    what_to_do = "Check the profile's url against the one that the vendor gave."


class NoSpace(RetrievalError):
    """The disk of the archive is full."""

    what = 'The file of profile "{profile}" could not be kept: the disk is full.'
    what_to_do = "Free some space (`autoholdings prune` removes what is not needed any more), then run again."


class Unforeseen(RetrievalError):
    """Anything else: told here, since an exception that nobody foresaw may hold the request, and so the credentials."""

    what = 'The file of profile "{profile}" could not be fetched, for a reason that nobody foresaw: {reason}.'
    what_to_do = "The next run tries again. If it stays so, check the profile, and the disk and memory of this machine."

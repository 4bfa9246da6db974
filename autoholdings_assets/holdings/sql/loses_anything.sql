-- Whether the plan loses anything of what losses.sql counts, which looks at everything that is there. Input: planned_grant,
-- new_plan_item, lost_stretch.
SELECT
    EXISTS (FROM planned_grant WHERE NOT is_granted)
    OR EXISTS (FROM new_plan_item WHERE action IN ('update', 'remove') AND len(groups_lost) > 0)
    OR EXISTS (FROM lost_stretch);

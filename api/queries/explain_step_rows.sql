-- Grain: one row per step and row behind it, the largest first: an object's day in a
-- country, or its campaign's where the step goes to another level, or its account's
-- where that is the accounts' own. `row_rank` counts them; after the first `row_limit`
-- comes one row without ids, the sum of all others.
-- A step to another snapshot, level or to an export takes rows out and puts others of
-- the same thing in: those are one row.
with steps as (

    select
        unnest(cast($masks_before as integer[])) as mask_before,
        unnest(cast($masks_after as integer[])) as mask_after,
        unnest(range(len(cast($masks_after as integer[])))) + 1 as step

),

-- Of a row that is the same for both readers nothing stands behind a step.
differing as (

    select *
    from explain_marked
    where
        bits_a <> bits_b
        or day_bits < 15
        or top_aa is distinct from top_bb
        or top_aa is distinct from top_ab
        or top_aa is distinct from top_ba
        or bottom_aa is distinct from bottom_bb
        or bottom_aa is distinct from bottom_ab
        or bottom_aa is distinct from bottom_ba

),

stepped as (

    select
        differing.*,
        steps.step,
        xor(steps.mask_before, steps.mask_after) & 16 > 0 as is_level_step,
        xor(steps.mask_before, steps.mask_after) & 1 > 0 as is_as_of_step,
        xor(steps.mask_before, steps.mask_after) & 3584 > 0 as is_export_step,
        is_let_in(
            differing.bits_a, differing.bits_b, differing.day_bits, steps.mask_before
        ) as is_in_before,
        is_let_in(
            differing.bits_a, differing.bits_b, differing.day_bits, steps.mask_after
        ) as is_in_after,
        -- A coalesce: a part that is not known is no part of a sum.
        coalesce(
            part_by(
                steps.mask_before,
                differing.top_aa,
                differing.top_ab,
                differing.top_ba,
                differing.top_bb
            ),
            0
        ) as top_by_before,
        coalesce(
            part_by(
                steps.mask_after,
                differing.top_aa,
                differing.top_ab,
                differing.top_ba,
                differing.top_bb
            ),
            0
        ) as top_by_after,
        coalesce(
            part_by(
                steps.mask_before,
                differing.bottom_aa,
                differing.bottom_ab,
                differing.bottom_ba,
                differing.bottom_bb
            ),
            0
        ) as bottom_by_before,
        coalesce(
            part_by(
                steps.mask_after,
                differing.bottom_aa,
                differing.bottom_ab,
                differing.bottom_ba,
                differing.bottom_bb
            ),
            0
        ) as bottom_by_after
    from differing
    cross join steps

),

changed as (

    select
        *,
        case when is_in_before then top_by_before else 0 end as top_before,
        case when is_in_after then top_by_after else 0 end as top_after,
        case when is_in_before then bottom_by_before else 0 end as bottom_before,
        case when is_in_after then bottom_by_after else 0 end as bottom_after
    from stepped

),

-- What stands for its own, or for all that is the same but for what the step changes:
-- the level, and below the accounts' own the object; an account's row has no campaign.
-- An export that does not split by day or country has one row for all of them.
behind as (

    select
        step,
        is_level_step or is_as_of_step or is_export_step as is_merged,
        account_id,
        case when $has_campaigns or not is_level_step then campaign_id end
            as campaign_id,
        case when not is_level_step then object_id end as object_id,
        case when not is_level_step then level end as level,
        case when $has_campaigns or not is_level_step then campaign_name end
            as campaign_name,
        case when $has_countries or not is_export_step then country_code end
            as country_code,
        top_after - top_before as top_delta,
        bottom_after - bottom_before as bottom_delta,
        case when $has_days or not is_export_step then date_day end as date_day
    from changed
    where top_before <> top_after or bottom_before <> bottom_after

),

merged as (

    select
        step,
        account_id,
        campaign_id,
        object_id,
        level,
        max(campaign_name) as campaign_name,
        country_code,
        sum(top_delta) as top_delta,
        sum(bottom_delta) as bottom_delta,
        date_day
    from behind
    where is_merged
    group by
        step, account_id, campaign_id, object_id, level, country_code, date_day
    having sum(top_delta) <> 0 or sum(bottom_delta) <> 0

),

united as materialized (

    select * exclude (is_merged)
    from behind
    where not is_merged

    union all

    select *
    from merged

),

-- The size of the last row to be listed: only larger ones need to be put in order.
totals as (

    select
        step,
        count(*) as row_count,
        sum(top_delta) as top_delta,
        sum(bottom_delta) as bottom_delta,
        list_min(max(abs(top_delta), greatest($row_limit, 1))) as smallest_listed
    from united
    group by step

),

ranked as (

    select
        united.*,
        row_number() over (
            partition by united.step
            order by
                abs(united.top_delta) desc,
                abs(united.bottom_delta) desc,
                united.date_day desc,
                united.account_id asc,
                united.campaign_id asc,
                united.object_id asc,
                united.level asc,
                united.country_code asc
        ) as row_rank
    from united
    inner join totals on united.step = totals.step
    where abs(united.top_delta) >= totals.smallest_listed

),

listed as (

    select *
    from ranked
    where row_rank <= $row_limit

),

listed_totals as (

    select
        step,
        count(*) as row_count,
        sum(top_delta) as top_delta,
        sum(bottom_delta) as bottom_delta
    from listed
    group by step

),

rest as (

    select
        totals.step,
        totals.row_count - coalesce(listed_totals.row_count, 0) as row_count,
        totals.top_delta - coalesce(listed_totals.top_delta, 0) as top_delta,
        totals.bottom_delta - coalesce(listed_totals.bottom_delta, 0) as bottom_delta
    from totals
    left join listed_totals on totals.step = listed_totals.step
    where totals.row_count > coalesce(listed_totals.row_count, 0)

),

answered as (

    select
        step,
        1 as row_count,
        account_id,
        campaign_id,
        object_id,
        level,
        campaign_name,
        country_code,
        top_delta,
        bottom_delta,
        date_day,
        row_rank
    from listed

    union all

    select
        step,
        row_count,
        null as account_id,
        null as campaign_id,
        null as object_id,
        null as level,
        null as campaign_name,
        null as country_code,
        top_delta,
        bottom_delta,
        null as date_day,
        null as row_rank
    from rest

)

select * from answered
order by step, row_rank nulls last

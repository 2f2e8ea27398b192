-- Grain: one row per row of the level asked for, in no order: what pages and exports
-- are made of. Levels that are not asked for are not read.
with levels as (

    select
        'campaign' as level,
        campaign_id as object_id,
        *
    from core.meta_daily_metrics
    where $level = 'campaign'

    union all by name

    select
        'adset' as level,
        adset_id as object_id,
        *
    from core.meta_adset_metrics
    where $level = 'adset'

    union all by name

    select
        'ad' as level,
        ad_id as object_id,
        *
    from core.meta_ad_metrics
    where $level = 'ad'

    union all by name

    select *
    from core.meta_level_totals
    where level = 'account' and $level = 'account'

),

filtered as (

    select *
    from levels
    where
        store = $store
        and date_day between cast($since as date) and cast($until as date)
        and (cast($object_id as varchar) is null or object_id = $object_id)
        and (cast($country as varchar) is null or country_code = $country)
        and (
            cast($campaign_ids as varchar[]) is null
            or list_contains(cast($campaign_ids as varchar[]), campaign_id)
        )

)

select * from filtered

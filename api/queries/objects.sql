-- Grain: one row per object that passes the filters (part `object`: campaigns first,
-- then ad sets, then ads, each by id, from behind the cursor's object on), and one row
-- of counts of all that pass (part `summary`) per type and for all types.
with objects as (

    select
        *,
        case object_type when 'campaign' then 1 when 'adset' then 2 else 3 end
            as type_rank,
        case
            when is_active then 'active'
            when ends_with(effective_status, 'PAUSED') then 'paused'
            when effective_status = 'ARCHIVED' then 'archived'
            when effective_status = 'DELETED' then 'deleted'
            else 'other'
        end as status_group
    from marts.object_tree
    where
        store = $store
        and (cast($object_type as varchar) is null or object_type = $object_type)

),

judged as (

    select
        *,
        (is_present or $include_absent)
        and (
            cast($statuses as varchar[]) is null
            or list_contains(cast($statuses as varchar[]), status_group)
            or list_contains(cast($statuses as varchar[]), effective_status)
        ) as is_shown
    from objects

),

page as (

    select
        'object' as part,
        * exclude (is_shown)
    from judged
    where
        is_shown
        and (
            cast($after_rank as integer) is null
            or (type_rank, object_id)
            > (cast($after_rank as integer), cast($after_id as varchar))
        )
    order by type_rank, object_id
    limit $row_limit

),

summary as (

    select
        'summary' as part,
        coalesce(object_type, 'all') as object_type,
        count(*) filter (where is_shown) as total,
        count(*) filter (where is_shown and status_group = 'active') as active,
        count(*) filter (where is_shown and status_group = 'paused') as paused,
        count(*) filter (where is_shown and status_group = 'archived') as archived,
        count(*) filter (where is_shown and status_group = 'deleted') as deleted,
        count(*) filter (where is_shown and status_group = 'other') as other,
        count(*) filter (where not is_shown) as hidden
    from judged
    -- Grouping sets are unknown to the linter.
    group by grouping sets ((), (object_type)) -- noqa: PRS

),

answered as (

    select * from page

    union all by name

    select * from summary

)

select * from answered
order by part, type_rank, object_id, object_type

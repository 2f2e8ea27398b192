-- Grain: one row per account, ad set and change of its attribution specification.
-- Numbers before and after a change measure different things. A version without a
-- specification says nothing about it and is passed over.
with versions as (

    select * from {{ ref("meta_objects_history") }}

),

accounts as (

    select * from {{ ref("accounts") }}

),

specified as (

    select
        versions.*,
        {{ attribution_windows("versions.attribution_spec") }} as attribution_windows
    from versions
    where
        versions.object_type = 'adset'
        and versions.attribution_spec is not null

),

-- Of versions seen at one moment the one that still holds is the last.
followed as (

    select
        *,
        lag(attribution_windows) over (
            partition by account_id, object_id
            order by
                valid_from asc,
                case when valid_to is null then 1 else 0 end asc,
                valid_to asc
        ) as windows_before
    from specified

),

changed as (

    select *
    from followed
    where attribution_windows <> windows_before

),

dated as (

    select
        changed.store,
        changed.account_id,
        changed.parent_id as campaign_id,
        changed.object_id as adset_id,
        changed.parent_name as campaign_name,
        changed.object_name as adset_name,
        changed.windows_before as attribution_before,
        changed.attribution_windows as attribution_after,
        cast(
            {{ local_day("changed.valid_from", "accounts.timezone_name") }} as date
        ) as date_day,
        changed.valid_from as changed_at
    from changed
    inner join accounts on changed.account_id = accounts.account_id

)

select * from dated

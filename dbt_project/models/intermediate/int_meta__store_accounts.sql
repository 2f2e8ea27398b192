-- Grain: one row per account of a configured store, as both are now.
with loads as (

    select * from {{ ref("stg_meta__loads") }}

),

stores as (

    select * from {{ ref("stg_meta__stores") }}

),

accounts as (

    select * from {{ ref("stg_meta__accounts") }}

),

-- A load that changed the configuration holds all of it; after a crash it may hold a
-- row twice, which counts once.
configured_stores as (

    select
        stores.*,
        row_number() over (
            partition by stores.store, stores.account_id
            order by stores.configured_at
        ) as copy_rank
    from stores
    where
        stores.load_id = (
            select max(configured.load_id)
            from stores as configured
            inner join loads on configured.load_id = loads.load_id
            where loads.is_completed
        )

),

newest_stores as (

    select *
    from configured_stores
    where copy_rank = 1

),

versioned_accounts as (

    select
        accounts.*,
        row_number() over (
            partition by accounts.account_id
            order by accounts.load_id desc, accounts.requested_at desc
        ) as version_rank
    from accounts
    inner join loads on accounts.load_id = loads.load_id
    where loads.is_completed

),

joined as (

    select
        newest_stores.account_id,

        newest_stores.store,
        newest_stores.reporting_currency,
        versioned_accounts.account_name,
        versioned_accounts.account_currency,
        versioned_accounts.timezone_name,
        versioned_accounts.account_status,

        newest_stores.target_roas,
        newest_stores.break_even_roas,

        versioned_accounts.created_at
    from newest_stores
    inner join versioned_accounts
        on newest_stores.account_id = versioned_accounts.account_id
    where versioned_accounts.version_rank = 1

)

select * from joined

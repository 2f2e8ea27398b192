{{ config(severity="warn") }}

-- Guards the status rule. An unknown status counts as active, so nothing is hidden; but
-- if it stands for stopped objects, those stay in the dashboard. Add it to seed
-- effective_statuses.
-- Grain of a failure: one row per status that the seed lacks.
with objects as (

    select * from {{ ref("meta_objects") }}

),

effective_statuses as (

    select * from {{ ref("effective_statuses") }}

),

lacking as (

    select
        objects.effective_status,
        count(*) as object_count
    from objects
    left join effective_statuses
        on objects.effective_status = effective_statuses.effective_status
    where
        objects.effective_status is not null
        and effective_statuses.effective_status is null
    group by objects.effective_status

)

select * from lacking

-- Grain: one row per store, object type and object, as it is now.
with objects as (

    select * from {{ ref("meta_objects") }}

)

select * from objects

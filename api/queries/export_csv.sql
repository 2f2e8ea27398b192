-- Grain: one row per row of the level, as rows_*.sql, in no order. Text
-- that a spreadsheet would take for a formula has an apostrophe before it.
copy ( -- noqa: PRS

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

    asked as (

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
        limit $row_limit

    )

    select
        regexp_replace(columns($text_names), '^[=+@\t\r\n＝＋－＠-]', '''\0'),
        regexp_replace(
            cast(columns($money_names) as varchar),
            '([.][0-9][0-9]([0-9]*[1-9]|))0*$',
            '\1'
        ),
        replace(replace(cast(columns($time_names) as varchar), ' ', 'T'), '+00', 'Z'),
        columns($other_names)
    from asked

) to $file (format csv, header, new_line '\r\n', use_tmp_file false)

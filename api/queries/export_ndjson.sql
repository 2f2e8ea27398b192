-- Grain: one row per row of the level, as queries.told_rows.
copy ( -- noqa: PRS

    select *
    from queries.told_rows

) to $file (format json, use_tmp_file false)

-- Grain: one row per row of the level, as queries.level_rows and with its types.
copy ( -- noqa: PRS

    select columns($names)
    from queries.level_rows
    limit $row_limit

) to $file (format parquet, use_tmp_file false)

-- Grain: one row per row of the level, as queries.told_rows. Text that a spreadsheet
-- would take for a formula has an apostrophe before it: it begins with a sign, of any
-- width, behind whatever is not seen or is skipped there.
copy ( -- noqa: PRS

    select
        regexp_replace(
            columns($text_names),
            '^([\pZ\pC]*[=+@＝＋－＠﹢﹣﹦﹫−-]|[\t\r\n])',
            '''\0'
        ),
        columns($money_names),
        columns($time_names),
        columns($other_names)
    from queries.told_rows

) to $file (format csv, header, new_line '\r\n', use_tmp_file false)

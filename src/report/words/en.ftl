# The words of reports in English. One message is one line; attributes are the parts of a chapter or of a table.
# Numbers come written out, except for counts that choose a plural: these are $n.

## Values

unknown-name = (unknown)
empty-name = (empty)
unmeasurable = n/a
of = { $part } of { $whole }
range = { $low } to { $high }
list = { $list }, { $next }
clauses = { $list }; { $next }
yes = yes
no = no
same = no difference beyond chance ({ $q })
higher = higher by { $size } percentage points{ $between }, { $q }
lower = lower by { $size } percentage points{ $between }, { $q }
percentage-points = pp
variant-of = { $name } (of { $variant })
optional = { $name } (optional)

## Header

fact-range = Range
fact-zone = Time zone
fact-last-event = Last event
fact-filters = Filters
fact-left-out = Left out
fact-channels = Channels
fact-contacts = Contacts
fact-messages = Outbound messages
fact-records = Records
fact-events = Events
no-filters = none
left-out-cells = { $n ->
        [one] { $n } cell, because there are fewer than { $minimum } observations, or because totals would tell those
       *[other] { $n } cells, because there are fewer than { $minimum } observations, or because totals would tell those
    }
left-out-rows = { $n ->
        [one] Left out: { $n } row, because there are fewer than { $minimum } observations, or because totals would tell those.
       *[other] Left out: { $n } rows, because there are fewer than { $minimum } observations, or because totals would tell those.
    }
records = { $received } received, each counted once = { $accepted } accepted + { $ignored } ignored + { $rejected } rejected
events-stored = { $n } stored
range-between = { $since } to { $until }
range-from = from { $since }
range-until = up to { $until }
range-all = all time

## Page

title = Conversation report
contents = Contents
glance = At a glance
    .lead = Shares with their 95 % interval. A narrow band on the scale from 0 to 100 % is a sure number; “≥” marks a lower bound, because a platform reports some cases only, and “≤” an upper one, because it counts what is not reported.
no-interval = no interval
not-reported = not reported by the channels
show-numbers = Show the numbers
definitions-elsewhere = Definitions are in the other formats of the report; 'trichter explain' tells them too.
definitions = Definitions
    .lead = What every number means, how it is counted, and how it can mislead.
    .empty = No definitions were given.
definition-formula = Formula
definition-unit = Unit
definition-source = Follows
definition-caveat = Caveat
table-rate = Rate
table-value = Value
table-interval = 95 % interval
table-counts = Counts
in-short = In short

## Chapters

section-campaign-funnel = Campaign funnel
    .lead = How far messages got.
    .drawn = Each solid bar is what reached the step, the pale bar behind it what could have; the stroke is the 95 % interval.
    .note = The steps stand on different numbers of messages, because not every channel reports every step.
    .empty = No messages were sent in this range.
stage-sent = Sent
stage-delivered = Delivered
stage-opened = Opened
stage-clicked = Clicked
stage-replied = Replied
section-questions = Where contacts leave
    .lead = How each visit to a question ended, in the flow's order. Drop-off counts visits that ended silent, opted out, handed over or failed; visits that are still open are not drop-off. Within the decision window it is what the open visits will have come to if they go on as the others did: see Leaving.
    .drawn = The open ones are hatched.
    .empty = No questions were asked in this range.
outside-flows = Questions outside any flow
section-funnels = Funnels
    .lead = How far contacts got, step by step. Neither share counts what is still open.
    .drawn = The solid bar is what reached the step, the pale one what was lost on the way from the step before, the hatched one what may still come. The share in bold is of all that entered, the stroke is the 95 % interval of the share of the step before.
    .empty = Nobody entered any of the funnels in this range.
    .few = Nobody, or too few to be shown, entered any of the funnels in this range.
    .left-out = Left out, because their logs cannot tell of a step: { $channels }.
    .channel = { $channel } (“{ $step }”)
    .rules = { $unit }, { $order }, within { $window }.
funnel-each-contact = Each contact once
funnel-each-conversation = Each conversation once
funnel-each-attempt = Every attempt
funnel-order-ordered = ordered
funnel-order-adjacent = directly one after the other
funnel-order-any = in any order
section-answer-times = Answer times
    .lead = From the question to its answer. Half of all answers came within the median.
    .empty = No question was answered in this range.
    .drawn = Areas stand for how many answers took so long, on an axis on which each tenfold is as long as the one before. What took less than a second has no place on such an axis and stands at its left, “<1 s”. Pale are questions with few answers.
    .total = All conversations
    .first-response = First response
section-channels = Channels
    .lead = “n/a” marks what a channel does not report: it is unknown, not zero. “≥” marks a lower bound: the channel reports some of it only; “≤” an upper one, of what is left over.
    .empty = No channel has messages in this range.
section-campaigns = Campaigns
    .lead = Where the intervals of two campaigns overlap, their difference may be chance. { $small }
    .pale = Pale shares, here and elsewhere, rest on fewer than { $minimum } observations.
    .suppressed = Shares of fewer than { $minimum } observations are left out, here and elsewhere.
    .empty = No message of this range belongs to a campaign.
    .cut = The chart shows the first { $n } campaigns; the table has all.
section-trend = Trend
    .lead = By day of sending in { $zone }. Bands are 95 % intervals.
    .immature = Pale days may still change: their reply window of { $window } was not over at the last event.
    .empty = No day of this range has messages.
section-opt-outs = Opt-outs
    .lead = Soft: the contact wrote or tapped that no more messages are wanted. Hard: the platform says that the contact blocked the business. Each is counted for the last message before it.
    .by-campaign = By campaign
    .by-day = By day of the message
    .empty = No opt-out is attributed to a message of this range.
section-breakdown = Your breakdown
    .lead = By { $columns }.
    .empty = This range has no rows for it.
section-own = Own metrics
    .lead = Metrics out of files of your own: what they mean stands among the definitions, as their headers have it.
    .by = { $name } by { $column }
    .immature = Pale days may still change: their reply window was not over at the last event.
    .empty = No rows in this range.
    .cut = The chart shows the first { $n } rows; the table has all.
section-quality = Data quality
    .lead = Where every record went, and what the numbers cannot know.
    .balance = Balance of records and events
    .received = Records received
    .accepted = … accepted
    .ignored = … ignored
    .rejected = … rejected
    .stored = Events stored
    .even = The sum comes out: nothing got lost on the way. A record that was delivered or read several times counts once.
    .uneven = The sum does not come out. Please treat all numbers with care.
    .reasons = Why records were ignored or rejected
    .no-reasons = No record was ignored or rejected.
    .unmeasurable = What the channels cannot report
    .all-measurable = Every channel of this range reports all that is counted here.
nothing-to-show = Nothing to show.
rows-cut = { $n ->
        [one] { $n } more row is in report.json.
       *[other] { $n } more rows are in report.json.
    }
pale-rows = Pale rows rest on fewer than { $minimum } observations.

## Columns that several tables share

column-step = Step
column-messages = Messages
column-share = Share
column-rate = Rate
column-question = Question
column-visits = Visits
column-answered = Answered
column-skipped = Skipped
column-silent = Silent
column-opted_out = Opted out
column-handed_over = Handed over
column-failed = Failed
column-open = Open
column-reached = Reached
column-went_on = Went on
column-lost = Lost
column-excluded = Excluded
column-of_all = Of all
column-of_previous = Of the step before
column-observations = Observations
column-median = Median
column-p90 = 90 % within
column-p99 = 99 % within
column-median_from_start = Median from the start
column-flow = Flow
column-answers = Answers
column-balance = Balance
column-count = Count
column-reason = Reason
column-records = Records
column-channel = Channel
column-unmeasurable = Cannot be measured

## Columns by which anybody can break down

column-account = Account
column-age = Age
column-campaign = Campaign
column-cohort = Cohort
column-currency = Currency
column-day = Day
column-flow_version = Flow version
column-hour = Hour
column-month = Month
column-variant = Variant
column-week = Week
column-weekday = Weekday
column-year = Year
column-after_ad = After an ad
column-after_opt_out = After an opt-out
column-attributed = Attributed
column-billing = Billing
column-chosen_option = Chosen option
column-completes = Completes
column-dismissed = Dismissed
column-dose_30d = Messages in the 30 days before
column-dose_7d = Messages in the 7 days before
column-ending = Ending
column-engaged = Engaged
column-entry = Entry
column-error_code = Error code
column-evidence = Evidence
column-form = Form
column-goal = Goal
column-handled_by = Handled by
column-in_flow = In a flow
column-in_service_window = In the service window
column-initiated_by = Begun by
column-is_best = Best pass
column-is_first_of_conversation = First of its conversation
column-is_free_form = Free-form
column-is_furthest = Furthest question
column-is_new = New
column-kind = Kind
column-language = Language
column-local_hour = Local hour
column-local_weekday = Local weekday
column-loop_answers = Answers in the loop
column-loop_kind = Loop
column-message_type = Message type
column-n_prompts = Times asked
column-n_rejected = Answers rejected
column-opted_in_source = Source of the opt-in
column-opted_out_kind = Kind of opt-out
column-outcome = Outcome
column-pass = Pass
column-pending = Pending
column-position = Place
column-reach = Reach
column-reachable = Reachable
column-requested = Requested
column-source = Source
column-state = State
column-suppressed = Suppressed
column-template = Template
column-topic = Topic

## Charts

chart-messages = messages
chart-n-messages = { $n ->
        [one] { $n } message
       *[other] { $n } messages
    }
chart-unknown-messages = n/a messages
outcome-answered = answered
outcome-skipped = skipped
outcome-silent = silent
outcome-opted-out = opted out
outcome-handed-over = handed over
outcome-failed = failed
outcome-open = still open
chart-questions = How visits to the questions ended: { $flow }
    .outside = outside any flow
    .left = { $share } left
    .open = { $fraction } · { $open } open
chart-rates = { $rates } by { $columns }
chart-trend = Messages and rates by day
    .sent = Messages sent
    .most = at most { $n } messages a day
    .last = { $value } on { $day }
chart-own = { $name } by day
    .base = Observations
    .most = at most { $n } observations a day
chart-opt-outs = Opt-outs by campaign
    .by-day = Opt-outs by day of the message
    .soft = soft (asked to stop)
    .hard = hard (blocked)
    .detail = { $soft } soft, { $hard } hard · { $share } of messages
chart-funnel = Funnel: { $name }
    .reached = got here
    .lost = did not get here
    .open = may still get here
    .detail = { $n } · { $share } of the step before
    .median = { $detail } · median { $median }
chart-funnel-times = The slowest step: time to “{ $step }”
    .detail = { $n } · 90 % within { $p90 }
    .bin = from { $from }: { $n }
funnel-contacts = { $n ->
        [one] { $n } contact
       *[other] { $n } contacts
    }
funnel-conversations = { $n ->
        [one] { $n } conversation
       *[other] { $n } conversations
    }
funnel-attempts = { $n ->
        [one] { $n } attempt
       *[other] { $n } attempts
    }
unit-contacts = contacts
unit-conversations = conversations
unit-attempts = attempts
chart-leaving = { $share } have not gone on
    .visits = { $n ->
        [one] { $n } visit
       *[other] { $n } visits
    }
chart-curves = Share of visits that have left
    .window = decision window: { $window }
    .at_risk = Still waiting and watched
    .missing = n/a: most answers have no time
    .told = { $share } left, { $n } still waiting
    .ended = { $share } left after { $time }
    .unseen = not watched for so long
chart-answer-times = How long answers took, by question
    .below = <1 s
    .median = median
    .p90 = nine in ten took at most this long
    .value = median { $median } · 90 % within { $p90 } · { $n ->
        [one] { $n } answer
       *[other] { $n } answers
    }
    .more = { $n ->
        [one] and { $n } more question with fewer answers: the table has all
       *[other] and { $n } more questions with fewer answers: the table has all
    }
chart-flow = The way through the flow: { $flow }
    .detail = { $visits } · { $n } ended here
    .onward = to the next question
    .elsewhere = to another one, or completed
    .left = ended here
    .open = may still go on
chart-paths = How far conversations came: { $flow }
    .reached = reached it or a later one
    .stopped = came no further than the one before
    .open = may still come
basis-opt-in = opt-in
basis-first-contact = first contact
chart-cohorts = { $title } by months since, { $names }
    .joined = joined by { $basis }
    .told = { $cohort }: { $count } of { $size }, { $share } %, in month { $age }
    .cohort = Joined in
    .scale = % of the cohort, and how many
    .few = fewer than { $minimum } contacts
chart-heat = % of messages
    .few = fewer than { $minimum } messages
    .nothing = no messages
    .highest = highest on { $day } at { $hour }, { $share } of messages
weekday-monday = Monday
weekday-tuesday = Tuesday
weekday-wednesday = Wednesday
weekday-thursday = Thursday
weekday-friday = Friday
weekday-saturday = Saturday
weekday-sunday = Sunday

## Summary

summary-sent = { $n ->
        [one] { $n } message was sent.
       *[other] { $n } messages were sent.
    }
summary-delivered = Of { $base } whose delivery the channels report, { $share } arrived ({ $interval }).
    .bounded = Of { $base } whose delivery the channels report, at least { $share } arrived ({ $interval }).
    .unmeasurable = Whether they arrived, the channels do not report (n/a).
summary-opened = Of { $base } that reached somebody and whose opening can be seen, { $share } were opened ({ $interval }).
    .bounded = Of { $base } that reached somebody and whose opening can be seen, at least { $share } were opened ({ $interval }).
    .unmeasurable = How many were opened, the channels do not report (n/a).
summary-engaged = { $n ->
        [one] The contact responded to the opening in { $share } of { $n } conversation that the business began ({ $interval }).
       *[other] The contact responded to the opening in { $share } of { $n } conversations that the business began ({ $interval }).
    }
    .bounded = { $n ->
        [one] The contact responded to the opening in at least { $share } of { $n } conversation that the business began ({ $interval }).
       *[other] The contact responded to the opening in at least { $share } of { $n } conversations that the business began ({ $interval }).
    }
    .unmeasurable = Whether contacts responded, the channels do not report (n/a).
summary-question = { $n ->
        [one] Of { $n } decided visit to “{ $question }” ({ $flow }), { $share } ended in drop-off ({ $interval }).
       *[other] Of { $n } decided visits to “{ $question }” ({ $flow }), { $share } ended in drop-off ({ $interval }).
    }
    .most = That is more than at any other question of the flow that can be judged.
    .twice = That is at least twice the share of any other question of the flow that can be judged.
    .close = Other questions of the flow come so close that chance may have made it the worst.
summary-median = { $n ->
        [one] Had { $target } gone on from “{ $question }”, as from the flow's median question, instead of { $now }, about { $n } more conversation would have been completed ({ $low } to { $high }).
       *[other] Had { $target } gone on from “{ $question }”, as from the flow's median question, instead of { $now }, about { $n } more conversations would have been completed ({ $low } to { $high }).
    }
summary-target = { $n ->
        [one] Had { $target } gone on from “{ $question }”, as the stated target asks, instead of { $now }, about { $n } more conversation would have been completed ({ $low } to { $high }).
       *[other] Had { $target } gone on from “{ $question }”, as the stated target asks, instead of { $now }, about { $n } more conversations would have been completed ({ $low } to { $high }).
    }
summary-opt-outs = Of { $thousand } messages that reached somebody, { $rate } were followed by an opt-out ({ $low } to { $high }).
    .bounded = Of { $thousand } messages that reached somebody, at least { $rate } were followed by an opt-out ({ $low } to { $high }).
    .none = No opt-out followed any of the { $base } messages that reached somebody; up to { $high } of { $thousand } would fit that too.
    .unmeasurable = How many contacts opted out, the channels do not report (n/a).
summary-changed = { $title }: { $changes }.
    .one = { $name } { $verdict }
    .none = { $title }: no headline rate differs by more than chance.
    .revised = { $name } { $difference } ({ $why })
    .same = { $title }: no headline rate changed visibly.
summary-uneven = The balance of records does not come out: all numbers are to be read with care.
summary-rejected = { $n ->
        [one] { $n } of { $all } records was rejected and is in no number.
       *[other] { $n } of { $all } records were rejected and are in no number.
    }
summary-channels = What { $channels } cannot report is n/a: unknown, not zero.
summary-retention = Rules remove old events ({ $rules }): numbers of the time before are missing, and what looks back so far is incomplete.
summary-nothing = Too little happened in this range to say anything of it.

## Spreadsheets

part-metric = id
part-numerator = numerator
part-denominator = denominator
part-low = low
part-high = high
part-differs = differs
part-q = q
part-amount = sum
part-count = count
part-currency = currency
part-measurable = measurable
part-lower-bound = lower bound
part-upper-bound = upper bound
column-immature = May still change
column-funnel = Funnel
column-id = Id
column-title = Title
column-meaning = Meaning
column-formula = Formula
column-unit = Unit
column-follows = Follows
column-caveat = Caveat
sheet-overview = Overview
sheet-charts = Charts
sheet-name = Sheet
sheet-rows = Rows
sheet-title = What it shows
chart-of = { $title }: “{ $name }”
chart-first = { $title } (the first { $most })
texts-cut = { $n ->
        [one] { $n } text is cut, because a cell holds 32 767 characters; report.json has all of it.
       *[other] { $n } texts are cut, because a cell holds 32 767 characters; report.json has all of them.
    }
columns-cut = { $n ->
        [one] { $n } more column is in report.json.
       *[other] { $n } more columns are in report.json.
    }

## The files of the tables

files = Tables of a report
    .lead = Each file is one table: commas, UTF-8, CRLF, the first line names the columns (RFC 4180). datapackage.json tells the title and the unit of every column.
    .text = Text stands in quotes, numbers do not. Nothing between two commas is unknown; `""` is an empty name.
    .unmeasurable = `n/a` without quotes: the channels cannot tell. A share says it in its column `_measurable`, and has no numbers then.
    .shares = A share is `_numerator` of `_denominator`; `_value` lies between 0 and 1, `_low` and `_high` are its 95 % interval.
    .bounds = `_lower_bound` is true where a channel tells of some cases only and the true share may be higher, `_upper_bound` where it may be lower.
    .seconds = Columns in `_s` are whole seconds. Money has its currency beside it.
    .immature = `immature` rows may still change.
    .formulas = Where text could be taken for a formula (it begins with = + - @), an apostrophe stands before it.
files-name = File
files-columns = Columns

## What a page lets one choose, and what its charts tell of a mark

page-skip = Skip to the numbers
page-how = How this is counted
page-controls = View
page-view = Show
page-everything = Everything
page-channels = Channels
page-campaigns = Campaigns
page-more = and { $n } smaller ones without a view
page-flow = Flow
page-all-flows = All flows
page-theme = Colours
page-theme-device = As the device
page-theme-light = Light
page-theme-dark = Dark
page-only = Only { $name }
page-whole = This chapter counts everything, not only what is chosen.
page-sort = Sort by { $column }
page-filter = Filter rows
page-rows = { $shown } of { $all } rows
page-all-rows = Show all { $all } rows
page-fewer-rows = Show fewer rows
page-now = Now shown: { $name }
page-marks = Arrow keys go from mark to mark, Escape closes the note.
mark-reached = Reached
mark-lost = Lost on the way here
mark-open = Still open
mark-of-first = Of the first
mark-of-previous = Of the previous
mark-of-base = Of what could get here
mark-median = Median time
mark-p90 = 90 % within
mark-p99 = 99 % within
mark-visits = Visits
mark-left = Left here
mark-answered = Answered
mark-sent = Messages
mark-may-change = { $day } · may still change

## Alerts

alert-of = { $name } ({ $segment })
alert-says = { $subject }: { $sentence }
alert-segment = { $column } { $value }
alert-above = { $metric } was { $value } ({ $counts }; 95 % interval { $interval }) in the period { $period }, above { $limit }.
alert-below = { $metric } was { $value } ({ $counts }; 95 % interval { $interval }) in the period { $period }, below { $limit }.
alert-change = { $metric } was { $value } ({ $counts }) in the period { $period }; the weeks before let { $expected } be expected, between { $low } and { $high }.
alert-silent = { $n ->
        [0] no event
        [one] { $n } event
       *[other] { $n } events
    } until { $period }; the weeks before let about { $expected } be expected.
alert-rejects = { $counts } new records were rejected ({ $value }), more than { $limit }.
alert-violations = { $n ->
        [one] { $n } message broke
       *[other] { $n } messages broke
    } a rule until { $period } ({ $metric }).
alert-over = over since { $period }, after it had held since { $since }; now { $value } ({ $counts }).
alert-over-silent = over since { $period }, after it had held since { $since }; events come again ({ $n }).
alert-over-unseen = over since { $period }, after it had held since { $since }; nothing of it was seen any more.
alert-version = version { $version }
alert-subject-both = { $raised ->
        [one] { $raised } warning
       *[other] { $raised } warnings
    }, { $cleared } over: { $names }
alert-subject-raised = { $raised ->
        [one] { $raised } warning
       *[other] { $raised } warnings
    }: { $names }
alert-subject-cleared = { $cleared } over: { $names }

# Die Wörter der Berichte auf Deutsch. Eine Meldung ist eine Zeile; Attribute sind die Teile eines Kapitels oder einer Tabelle.
#
# Begriffe, überall dieselben:
#   contact Kontakt · conversation Gespräch · message Nachricht · account Konto · campaign Kampagne · channel Kanal
#   question Frage · answer Antwort · option Antwortmöglichkeit · flow Ablauf · step Schritt · funnel Trichter
#   visit Besuch (einer Frage) · ending Ausgang · open offen · pending ausstehend
#   delivered zugestellt · reached erreicht · opened gelesen/geöffnet · clicked geklickt · dismissed weggelegt
#   open rate Öffnungsrate · click rate Klickrate · reply rate Antwortrate · delivery rate Zustellrate
#   unsubscribe rate Abmelderate · opt-out Abmeldung (weich: Stopp, hart: Sperre) · opt-in Einwilligung
#   drop-off Abbruch, Abbruchrate · leave abbrechen · silent verstummt · completion Abschluss · engagement Beteiligung
#   hand-over Übergabe an Menschen · fallback Nichtverstehen · containment Fallabschluss ohne Menschen
#   reply window Antwortfenster · decision window Entscheidungsfrist · session gap Gesprächspause
#   lower bound untere Grenze · interval Intervall · observation Beobachtung · baseline Vergleichswert

## Werte

unknown-name = (unbekannt)
empty-name = (leer)
unmeasurable = k. A.
of = { $part } von { $whole }
range = { $low } bis { $high }
list = { $list }, { $next }
clauses = { $list }; { $next }
yes = ja
no = nein
same = kein Unterschied jenseits des Zufalls ({ $q })
higher = um { $size } Prozentpunkte höher{ $between }, { $q }
lower = um { $size } Prozentpunkte niedriger{ $between }, { $q }
percentage-points = PP
variant-of = { $name } ({ $variant })
optional = { $name } (freiwillig)

## Kopf

fact-range = Zeitraum
fact-zone = Zeitzone
fact-last-event = Letztes Ereignis
fact-filters = Einschränkungen
fact-left-out = Ausgelassen
fact-channels = Kanäle
fact-contacts = Kontakte
fact-messages = Gesendete Nachrichten
fact-records = Datensätze
fact-events = Ereignisse
no-filters = keine
left-out-cells = { $n ->
        [one] { $n } Zelle, weil es weniger als { $minimum } Beobachtungen sind oder weil Summen solche verraten würden
       *[other] { $n } Zellen, weil es weniger als { $minimum } Beobachtungen sind oder weil Summen solche verraten würden
    }
left-out-rows = { $n ->
        [one] Ausgelassen: { $n } Zeile, weil es weniger als { $minimum } Beobachtungen sind oder weil Summen solche verraten würden.
       *[other] Ausgelassen: { $n } Zeilen, weil es weniger als { $minimum } Beobachtungen sind oder weil Summen solche verraten würden.
    }
records = { $received } erhalten, jeder einmal gezählt = { $accepted } angenommen + { $ignored } übergangen + { $rejected } abgelehnt
events-stored = { $n } gespeichert
range-between = { $since } bis { $until }
range-from = ab { $since }
range-until = bis { $until }
range-all = gesamte Zeit

## Seite

title = Gesprächsbericht
contents = Inhalt
glance = Auf einen Blick
    .lead = Anteile mit ihrem 95-%-Intervall. Ein schmales Band auf der Skala von 0 bis 100 % ist eine sichere Zahl; „≥“ kennzeichnet eine untere Grenze, weil eine Plattform nur einen Teil der Fälle meldet, und „≤“ eine obere, weil sie zählt, was nicht gemeldet wird.
no-interval = kein Intervall
not-reported = von den Kanälen nicht gemeldet
show-numbers = Zahlen zeigen
definitions-elsewhere = Was die Kennzahlen bedeuten, steht in den anderen Formaten des Berichts; auch 'trichter explain' sagt es.
definitions = Begriffe
    .lead = Was jede Zahl bedeutet, wie sie gezählt wird und wie sie täuschen kann.
    .empty = Es wurden keine Begriffe angegeben.
definition-formula = Formel
definition-unit = Einheit
definition-source = Nach
definition-caveat = Vorsicht
table-rate = Kennzahl
table-value = Wert
table-interval = 95-%-Intervall
table-counts = Anzahlen
in-short = In Kürze

## Kapitel

section-campaign-funnel = Kampagnentrichter
    .lead = Wie weit Nachrichten kamen.
    .drawn = Jeder volle Balken ist, was den Schritt erreichte, der blasse dahinter, was ihn hätte erreichen können; der Strich ist das 95-%-Intervall.
    .note = Die Schritte beruhen auf verschieden vielen Nachrichten, weil nicht jeder Kanal jeden Schritt meldet.
    .empty = In diesem Zeitraum wurden keine Nachrichten gesendet.
stage-sent = Gesendet
stage-delivered = Zugestellt
stage-opened = Geöffnet
stage-clicked = Geklickt
stage-replied = Beantwortet
section-questions = Wo Kontakte abbrechen
    .lead = Wie jeder Besuch einer Frage ausging, in der Reihenfolge des Ablaufs. Als Abbruch zählen Besuche, die mit Verstummen, Abmeldung, Übergabe oder Fehler endeten; noch offene Besuche sind kein Abbruch. Der Wert innerhalb der Entscheidungsfrist sagt, wozu die offenen Besuche führen, wenn es mit ihnen weitergeht wie mit den übrigen: siehe Abbrüche.
    .drawn = Die offenen sind schraffiert.
    .empty = In diesem Zeitraum wurden keine Fragen gestellt.
outside-flows = Fragen außerhalb jedes Ablaufs
section-funnels = Trichter
    .lead = Wie weit Kontakte kamen, Schritt für Schritt. In keinem Anteil zählt mit, was noch offen ist.
    .drawn = Der volle Balken ist, was den Schritt erreichte, der blasse, was auf dem Weg vom Schritt davor verloren ging, der schraffierte, was noch kommen kann. Der fett gesetzte Anteil gilt allen, die eintraten, der Strich ist das 95-%-Intervall des Anteils am Schritt davor.
    .empty = In diesem Zeitraum trat niemand in einen der Trichter ein.
    .few = In diesem Zeitraum trat niemand, oder zu wenige zum Zeigen, in einen der Trichter ein.
    .left-out = Ausgelassen, weil ihre Protokolle einen Schritt nicht erkennen lassen: { $channels }.
    .channel = { $channel } („{ $step }“)
    .rules = { $unit }, { $order }, binnen { $window }.
funnel-each-contact = Jeder Kontakt einmal
funnel-each-conversation = Jedes Gespräch einmal
funnel-each-attempt = Jeder Versuch
funnel-order-ordered = der Reihe nach
funnel-order-adjacent = unmittelbar nacheinander
funnel-order-any = in beliebiger Reihenfolge
section-answer-times = Antwortzeiten
    .lead = Von der Frage bis zu ihrer Antwort. Die Hälfte aller Antworten kam innerhalb des Medians.
    .empty = In diesem Zeitraum wurde keine Frage beantwortet.
    .drawn = Flächen stehen dafür, wie viele Antworten so lange dauerten, auf einer Achse, auf der jedes Zehnfache so lang ist wie das davor. Was unter einer Sekunde dauerte, hat auf einer solchen Achse keinen Platz und steht links davon, „<1 s“. Blass sind Fragen mit wenigen Antworten.
    .total = Alle Gespräche
    .first-response = Erste Reaktion
section-channels = Kanäle
    .lead = „k. A.“ kennzeichnet, was ein Kanal nicht meldet: Es ist unbekannt, nicht null. „≥“ kennzeichnet eine untere Grenze: Der Kanal meldet nur einen Teil davon; „≤“ eine obere, dessen, was übrig bleibt.
    .empty = Kein Kanal hat in diesem Zeitraum Nachrichten.
section-campaigns = Kampagnen
    .lead = Wo sich die Intervalle zweier Kampagnen überschneiden, kann ihr Unterschied Zufall sein. { $small }
    .pale = Blasse Anteile, hier und anderswo, beruhen auf weniger als { $minimum } Beobachtungen.
    .suppressed = Anteile mit weniger als { $minimum } Beobachtungen sind ausgelassen, hier und anderswo.
    .empty = Keine Nachricht dieses Zeitraums gehört zu einer Kampagne.
    .cut = Das Bild zeigt die ersten { $n } Kampagnen; die Tabelle hat alle.
section-trend = Verlauf
    .lead = Nach dem Tag des Sendens in { $zone }. Bänder sind 95-%-Intervalle.
    .immature = Blasse Tage können sich noch ändern: Ihr Antwortfenster von { $window } war beim letzten Ereignis nicht vorüber.
    .empty = Kein Tag dieses Zeitraums hat Nachrichten.
section-opt-outs = Abmeldungen
    .lead = Weich: Der Kontakt schrieb oder tippte, dass er keine Nachrichten mehr will. Hart: Die Plattform sagt, dass der Kontakt das Unternehmen gesperrt hat. Jede zählt bei der letzten Nachricht vor ihr.
    .by-campaign = Nach Kampagne
    .by-day = Nach dem Tag der Nachricht
    .empty = Keiner Nachricht dieses Zeitraums wird eine Abmeldung zugerechnet.
section-breakdown = Ihre Aufteilung
    .lead = Nach { $columns }.
    .empty = Dieser Zeitraum hat dafür keine Zeilen.
section-own = Eigene Kennzahlen
    .lead = Kennzahlen aus eigenen Dateien: Was sie bedeuten, steht bei den Begriffen, wie ihr Kopf es sagt.
    .by = { $name } nach { $column }
    .immature = Blasse Tage können sich noch ändern: Ihr Antwortfenster war beim letzten Ereignis nicht vorüber.
    .empty = Keine Zeilen in diesem Zeitraum.
    .cut = Das Bild zeigt die ersten { $n } Zeilen; die Tabelle hat alle.
section-quality = Datenqualität
    .lead = Wo jeder Datensatz blieb und was die Zahlen nicht wissen können.
    .balance = Bilanz der Datensätze und Ereignisse
    .received = Datensätze erhalten
    .accepted = … angenommen
    .ignored = … übergangen
    .rejected = … abgelehnt
    .stored = Ereignisse gespeichert
    .even = Die Summe geht auf: Unterwegs ging nichts verloren. Ein Datensatz, der mehrmals geliefert oder gelesen wurde, zählt einmal.
    .uneven = Die Summe geht nicht auf. Alle Zahlen sind mit Vorsicht zu lesen.
    .reasons = Warum Datensätze übergangen oder abgelehnt wurden
    .no-reasons = Kein Datensatz wurde übergangen oder abgelehnt.
    .unmeasurable = Was die Kanäle nicht melden können
    .all-measurable = Jeder Kanal dieses Zeitraums meldet alles, was hier gezählt wird.
nothing-to-show = Nichts zu zeigen.
rows-cut = { $n ->
        [one] { $n } weitere Zeile steht in report.json.
       *[other] { $n } weitere Zeilen stehen in report.json.
    }
pale-rows = Blasse Zeilen beruhen auf weniger als { $minimum } Beobachtungen.

## Spalten, die mehrere Tabellen haben

column-step = Schritt
column-messages = Nachrichten
column-share = Anteil
column-rate = Kennzahl
column-question = Frage
column-visits = Besuche
column-answered = Beantwortet
column-skipped = Übersprungen
column-silent = Verstummt
column-opted_out = Abgemeldet
column-handed_over = Übergeben
column-failed = Fehlgeschlagen
column-open = Offen
column-reached = Erreicht
column-went_on = Weiter
column-lost = Verloren
column-excluded = Ausgeschlossen
column-of_all = Von allen
column-of_previous = Vom Schritt davor
column-observations = Beobachtungen
column-median = Median
column-p90 = 90 % binnen
column-p99 = 99 % binnen
column-median_from_start = Median vom Beginn an
column-flow = Ablauf
column-answers = Antworten
column-balance = Bilanz
column-count = Anzahl
column-reason = Grund
column-records = Datensätze
column-channel = Kanal
column-unmeasurable = Nicht messbar

## Spalten, nach denen sich alles aufteilen lässt

column-account = Konto
column-age = Alter
column-campaign = Kampagne
column-cohort = Jahrgang
column-currency = Währung
column-day = Tag
column-flow_version = Fassung des Ablaufs
column-hour = Stunde
column-month = Monat
column-variant = Variante
column-week = Woche
column-weekday = Wochentag
column-year = Jahr
column-after_ad = Nach Anzeige
column-after_opt_out = Nach Abmeldung
column-attributed = Zugerechnet
column-billing = Berechnung
column-chosen_option = Gewählte Antwortmöglichkeit
column-completes = Schließt ab
column-dismissed = Weggelegt
column-dose_30d = Nachrichten in den 30 Tagen davor
column-dose_7d = Nachrichten in den 7 Tagen davor
column-ending = Ausgang
column-engaged = Beteiligt
column-entry = Eintritt
column-error_code = Fehlercode
column-evidence = Beleg
column-form = Form
column-goal = Ziel
column-handled_by = Bearbeitet von
column-in_flow = In einem Ablauf
column-in_service_window = Im Servicefenster
column-initiated_by = Begonnen von
column-is_best = Bester Durchgang
column-is_first_of_conversation = Erste ihres Gesprächs
column-is_free_form = Frei verfasst
column-is_furthest = Weiteste Frage
column-is_new = Neu
column-kind = Art
column-language = Sprache
column-local_hour = Stunde vor Ort
column-local_weekday = Wochentag vor Ort
column-loop_answers = Antworten in der Schleife
column-loop_kind = Schleife
column-message_type = Nachrichtenart
column-n_prompts = Wie oft gefragt
column-n_rejected = Abgelehnte Antworten
column-opted_in_source = Quelle der Einwilligung
column-opted_out_kind = Art der Abmeldung
column-outcome = Ergebnis
column-pass = Durchgang
column-pending = Ausstehend
column-position = Platz
column-reach = Reichweite
column-reachable = Erreichbar
column-requested = Mit Anliegen
column-source = Quelle
column-state = Stand
column-suppressed = Zurückgehalten
column-template = Vorlage
column-topic = Thema

## Bilder

chart-messages = Nachrichten
chart-n-messages = { $n ->
        [one] { $n } Nachricht
       *[other] { $n } Nachrichten
    }
chart-unknown-messages = Nachrichten: k. A.
outcome-answered = beantwortet
outcome-skipped = übersprungen
outcome-silent = verstummt
outcome-opted-out = abgemeldet
outcome-handed-over = übergeben
outcome-failed = fehlgeschlagen
outcome-open = noch offen
chart-questions = Wie Besuche der Fragen ausgingen: { $flow }
    .outside = außerhalb jedes Ablaufs
    .left = { $share } Abbruch
    .open = { $fraction } · { $open } offen
chart-rates = { $rates } nach { $columns }
chart-trend = Nachrichten und Kennzahlen nach Tag
    .sent = Gesendete Nachrichten
    .most = höchstens { $n } Nachrichten am Tag
    .last = { $value } am { $day }
chart-own = { $name } nach Tag
    .base = Beobachtungen
    .most = höchstens { $n } Beobachtungen am Tag
chart-opt-outs = Abmeldungen nach Kampagne
    .by-day = Abmeldungen nach dem Tag der Nachricht
    .soft = weich (um Stopp gebeten)
    .hard = hart (gesperrt)
    .detail = { $soft } weich, { $hard } hart · { $share } der Nachrichten
chart-funnel = Trichter: { $name }
    .reached = kamen bis hier
    .lost = kamen nicht bis hier
    .open = können noch kommen
    .detail = { $n } · { $share } vom Schritt davor
    .median = { $detail } · Median { $median }
chart-funnel-times = Der langsamste Schritt: Zeit bis „{ $step }“
    .detail = { $n } · 90 % binnen { $p90 }
    .bin = ab { $from }: { $n }
funnel-contacts = { $n ->
        [one] { $n } Kontakt
       *[other] { $n } Kontakte
    }
funnel-conversations = { $n ->
        [one] { $n } Gespräch
       *[other] { $n } Gespräche
    }
funnel-attempts = { $n ->
        [one] { $n } Versuch
       *[other] { $n } Versuche
    }
unit-contacts = Kontakte
unit-conversations = Gespräche
unit-attempts = Versuche
chart-leaving = { $share } gingen nicht weiter
    .visits = { $n ->
        [one] { $n } Besuch
       *[other] { $n } Besuche
    }
chart-curves = Anteil der Besuche, die abbrachen
    .window = Entscheidungsfrist: { $window }
    .at_risk = Warteten noch und wurden beobachtet
    .missing = k. A.: die meisten Antworten haben keine Zeit
    .told = { $share } abgebrochen, { $n } warteten noch
    .ended = { $share } abgebrochen nach { $time }
    .unseen = nicht so lange beobachtet
chart-answer-times = Wie lange Antworten dauerten, nach Frage
    .below = <1 s
    .median = Median
    .p90 = neun von zehn dauerten höchstens so lange
    .value = Median { $median } · 90 % binnen { $p90 } · { $n ->
        [one] { $n } Antwort
       *[other] { $n } Antworten
    }
    .more = { $n ->
        [one] und { $n } weitere Frage mit weniger Antworten: Die Tabelle hat alle
       *[other] und { $n } weitere Fragen mit weniger Antworten: Die Tabelle hat alle
    }
chart-flow = Der Weg durch den Ablauf: { $flow }
    .detail = { $n ->
        [one] { $visits } · { $n } endete hier
       *[other] { $visits } · { $n } endeten hier
    }
    .onward = zur nächsten Frage
    .elsewhere = zu einer anderen oder abgeschlossen
    .left = endeten hier
    .open = können noch weitergehen
chart-paths = Wie weit Gespräche kamen: { $flow }
    .reached = erreichten sie oder eine spätere
    .stopped = kamen nicht weiter als zur vorigen
    .open = können noch kommen
basis-opt-in = Einwilligung
basis-first-contact = erste Berührung
chart-cohorts = { $title } nach Monaten seither, { $names }
    .joined = neu durch { $basis }
    .told = { $cohort }: { $count } von { $size }, { $share } %, in Monat { $age }
    .cohort = Neu im
    .scale = % des Jahrgangs, und wie viele
    .few = weniger als { $minimum } Kontakte
chart-heat = % der Nachrichten
    .few = weniger als { $minimum } Nachrichten
    .nothing = keine Nachrichten
    .highest = am höchsten am { $day } um { $hour }: { $share } der Nachrichten
weekday-monday = Montag
weekday-tuesday = Dienstag
weekday-wednesday = Mittwoch
weekday-thursday = Donnerstag
weekday-friday = Freitag
weekday-saturday = Samstag
weekday-sunday = Sonntag

## Zusammenfassung

summary-sent = { $n ->
        [one] Es wurde { $n } Nachricht gesendet.
       *[other] Es wurden { $n } Nachrichten gesendet.
    }
summary-delivered = Von { $base }, deren Zustellung die Kanäle melden, kamen { $share } an ({ $interval }).
    .bounded = Von { $base }, deren Zustellung die Kanäle melden, kamen mindestens { $share } an ({ $interval }).
    .unmeasurable = Ob sie ankamen, melden die Kanäle nicht (k. A.).
summary-opened = Von { $base }, die jemanden erreichten und deren Öffnen zu sehen ist, wurden { $share } geöffnet ({ $interval }).
    .bounded = Von { $base }, die jemanden erreichten und deren Öffnen zu sehen ist, wurden mindestens { $share } geöffnet ({ $interval }).
    .unmeasurable = Wie viele geöffnet wurden, melden die Kanäle nicht (k. A.).
summary-engaged = { $n ->
        [one] In { $share } von { $n } Gespräch, das das Unternehmen begann, ging der Kontakt auf die Eröffnung ein ({ $interval }).
       *[other] In { $share } von { $n } Gesprächen, die das Unternehmen begann, ging der Kontakt auf die Eröffnung ein ({ $interval }).
    }
    .bounded = { $n ->
        [one] In mindestens { $share } von { $n } Gespräch, das das Unternehmen begann, ging der Kontakt auf die Eröffnung ein ({ $interval }).
       *[other] In mindestens { $share } von { $n } Gesprächen, die das Unternehmen begann, ging der Kontakt auf die Eröffnung ein ({ $interval }).
    }
    .unmeasurable = Ob Kontakte darauf eingingen, melden die Kanäle nicht (k. A.).
summary-question = { $n ->
        [one] Von { $n } entschiedenen Besuch der Frage „{ $question }“ ({ $flow }) endeten { $share } mit Abbruch ({ $interval }).
       *[other] Von { $n } entschiedenen Besuchen der Frage „{ $question }“ ({ $flow }) endeten { $share } mit Abbruch ({ $interval }).
    }
    .most = Das ist mehr als bei jeder anderen Frage des Ablaufs, die sich beurteilen lässt.
    .twice = Das ist mindestens doppelt so viel wie bei jeder anderen Frage des Ablaufs, die sich beurteilen lässt.
    .close = Andere Fragen des Ablaufs liegen so nah, dass der Zufall sie zur schlimmsten gemacht haben kann.
summary-median = { $n ->
        [one] Wären nach „{ $question }“ { $target } weitergegangen wie nach der mittleren Frage des Ablaufs statt { $now }, wäre etwa { $n } Gespräch mehr abgeschlossen worden ({ $low } bis { $high }).
       *[other] Wären nach „{ $question }“ { $target } weitergegangen wie nach der mittleren Frage des Ablaufs statt { $now }, wären etwa { $n } Gespräche mehr abgeschlossen worden ({ $low } bis { $high }).
    }
summary-target = { $n ->
        [one] Wären nach „{ $question }“ { $target } weitergegangen, wie es das gesetzte Ziel verlangt, statt { $now }, wäre etwa { $n } Gespräch mehr abgeschlossen worden ({ $low } bis { $high }).
       *[other] Wären nach „{ $question }“ { $target } weitergegangen, wie es das gesetzte Ziel verlangt, statt { $now }, wären etwa { $n } Gespräche mehr abgeschlossen worden ({ $low } bis { $high }).
    }
summary-opt-outs = Von { $thousand } Nachrichten, die jemanden erreichten, folgte auf { $rate } eine Abmeldung ({ $low } bis { $high }).
    .bounded = Von { $thousand } Nachrichten, die jemanden erreichten, folgte auf mindestens { $rate } eine Abmeldung ({ $low } bis { $high }).
    .none = Auf keine der { $base } Nachrichten, die jemanden erreichten, folgte eine Abmeldung; auch bis zu { $high } von { $thousand } wären damit vereinbar.
    .unmeasurable = Wie viele Kontakte sich abmeldeten, melden die Kanäle nicht (k. A.).
summary-changed = { $title }: { $changes }.
    .one = { $name } { $verdict }
    .none = { $title }: Keine Hauptkennzahl unterscheidet sich über den Zufall hinaus.
    .revised = { $name } { $difference } ({ $why })
    .same = { $title }: Keine Hauptkennzahl änderte sich sichtbar.
summary-uneven = Die Bilanz der Datensätze geht nicht auf: Alle Zahlen sind mit Vorsicht zu lesen.
summary-rejected = { $n ->
        [one] { $n } von { $all } Datensätzen wurde abgelehnt und steckt in keiner Zahl.
       *[other] { $n } von { $all } Datensätzen wurden abgelehnt und stecken in keiner Zahl.
    }
summary-channels = Bei { $channels } steht k. A. für das, was dort nicht gemeldet wird: unbekannt, nicht null.
summary-retention = Alte Ereignisse werden nach Regeln gelöscht ({ $rules }): Zahlen aus der Zeit davor fehlen, und was so weit zurückblickt, ist unvollständig.
summary-nothing = In diesem Zeitraum geschah zu wenig, um etwas darüber zu sagen.

## Tabellen

part-metric = Kennung
part-numerator = Zähler
part-denominator = Nenner
part-low = von
part-high = bis
part-differs = unterscheidet sich
part-q = q
part-amount = Summe
part-count = Anzahl
part-currency = Währung
part-measurable = messbar
part-lower-bound = untere Grenze
part-upper-bound = obere Grenze
column-immature = Kann sich noch ändern
column-funnel = Trichter
column-id = Kennung
column-title = Titel
column-meaning = Bedeutung
column-formula = Formel
column-unit = Einheit
column-follows = Nach
column-caveat = Vorsicht
sheet-overview = Überblick
sheet-charts = Diagramme
sheet-name = Blatt
sheet-rows = Zeilen
sheet-title = Was es zeigt
chart-of = { $title }: „{ $name }“
chart-first = { $title } (die ersten { $most })
texts-cut = { $n ->
        [one] { $n } Text ist gekürzt, weil eine Zelle 32 767 Zeichen fasst; report.json hat ihn ganz.
       *[other] { $n } Texte sind gekürzt, weil eine Zelle 32 767 Zeichen fasst; report.json hat sie ganz.
    }
columns-cut = { $n ->
        [one] { $n } weitere Spalte steht in report.json.
       *[other] { $n } weitere Spalten stehen in report.json.
    }

## Die Dateien der Tabellen

files = Tabellen eines Berichts
    .lead = Jede Datei ist eine Tabelle: Kommas, UTF-8, CRLF, die erste Zeile nennt die Spalten (RFC 4180). datapackage.json nennt zu jeder Spalte Titel und Einheit.
    .text = Text steht in Anführungszeichen, Zahlen nicht. Nichts zwischen zwei Kommas ist unbekannt; `""` ist ein leerer Name.
    .unmeasurable = `n/a` ohne Anführungszeichen: Die Kanäle melden es nicht. Bei einem Anteil steht das in seiner Spalte `_measurable`; er hat dann keine Zahlen.
    .shares = Ein Anteil ist `_numerator` von `_denominator`; `_value` liegt zwischen 0 und 1, `_low` und `_high` sind sein 95-%-Intervall.
    .bounds = `_lower_bound` ist true, wo ein Kanal nur einen Teil der Fälle meldet und der wahre Anteil höher sein kann, `_upper_bound`, wo er niedriger sein kann.
    .seconds = Spalten auf `_s` sind ganze Sekunden. Neben Geldbeträgen steht ihre Währung.
    .immature = Zeilen mit `immature` können sich noch ändern.
    .formulas = Wo Text für eine Formel gehalten werden könnte (er beginnt mit = + - @), steht ein Apostroph davor.
files-name = Datei
files-columns = Spalten

## What a page lets one choose, and what its charts tell of a mark

page-skip = Zu den Zahlen springen
page-how = Wie hier gezählt wird
page-controls = Ansicht
page-view = Zeige
page-everything = Alles
page-channels = Kanäle
page-campaigns = Kampagnen
page-more = und { $n } kleinere ohne Ansicht
page-flow = Ablauf
page-all-flows = Alle Abläufe
page-theme = Farben
page-theme-device = Wie das Gerät
page-theme-light = Hell
page-theme-dark = Dunkel
page-only = Nur { $name }
page-whole = Dieses Kapitel zählt alles, nicht nur die Auswahl.
page-sort = Nach { $column } sortieren
page-filter = Zeilen filtern
page-rows = { $shown } von { $all } Zeilen
page-all-rows = Alle { $all } Zeilen zeigen
page-fewer-rows = Weniger Zeilen zeigen
page-now = Jetzt zu sehen: { $name }
page-marks = Pfeiltasten gehen von Marke zu Marke, Escape schließt die Notiz.
mark-reached = Erreicht
mark-lost = Auf dem Weg hierher verloren
mark-open = Noch offen
mark-of-first = Vom ersten
mark-of-previous = Vom vorigen
mark-of-base = Von allem, was hierher kommen konnte
mark-median = Median der Dauer
mark-p90 = 90 % binnen
mark-p99 = 99 % binnen
mark-visits = Besuche
mark-left = Hier abgebrochen
mark-answered = Beantwortet
mark-sent = Nachrichten
mark-may-change = { $day } · kann sich noch ändern

## Warnungen

alert-of = { $name } ({ $segment })
alert-says = { $subject }: { $sentence }
alert-segment = { $column } { $value }
alert-above = { $metric } lag im Zeitraum { $period } bei { $value } ({ $counts }; 95-%-Intervall { $interval }), über { $limit }.
alert-below = { $metric } lag im Zeitraum { $period } bei { $value } ({ $counts }; 95-%-Intervall { $interval }), unter { $limit }.
alert-change = { $metric } lag im Zeitraum { $period } bei { $value } ({ $counts }); nach den Wochen davor waren { $expected } zu erwarten, zwischen { $low } und { $high }.
alert-silent = { $n ->
        [0] kein Ereignis
        [one] { $n } Ereignis
       *[other] { $n } Ereignisse
    } bis { $period }; nach den Wochen davor waren etwa { $expected } zu erwarten.
alert-rejects = { $counts } neuen Datensätzen wurden abgelehnt ({ $value }), mehr als { $limit }.
alert-violations = { $n ->
        [one] { $n } Nachricht verstieß
       *[other] { $n } Nachrichten verstießen
    } bis { $period } gegen eine Regel ({ $metric }).
alert-over = vorbei seit { $period }, nachdem es seit { $since } so war; jetzt { $value } ({ $counts }).
alert-over-silent = vorbei seit { $period }, nachdem es seit { $since } so war; es kommen wieder Ereignisse ({ $n }).
alert-over-unseen = vorbei seit { $period }, nachdem es seit { $since } so war; davon war nichts mehr zu sehen.
alert-version = Fassung { $version }
alert-subject-both = { $raised ->
        [one] { $raised } Warnung
       *[other] { $raised } Warnungen
    }, { $cleared } vorbei: { $names }
alert-subject-raised = { $raised ->
        [one] { $raised } Warnung
       *[other] { $raised } Warnungen
    }: { $names }
alert-subject-cleared = { $cleared } vorbei: { $names }

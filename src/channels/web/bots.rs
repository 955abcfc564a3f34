//! Programs that open links without a person, by what stands in their user agent.
//!
//! In-app browsers of messengers are people (`FBAN`, `FBAV`, `Instagram`, `Viber` inside a browser's words), the fetchers of
//! link previews are not (`WhatsApp/2.23…` at the beginning).

/// Parts of user agents in small letters, and how a request of such a program is called in the balance. `^` stands for the
/// beginning of the user agent. The first that fits counts.
const BOTS: &[(&str, &str)] = &[
    // Link previews of messengers and networks. Several pretend to be another one as well.
    ("^whatsapp/", "bot:whatsapp"),          // also Signal, which copies it
    ("line-poker", "bot:line"),              // calls itself facebookexternalhit too
    ("facebookexternalhit", "bot:facebook"), // Messenger, Instagram; iMessage calls itself so too
    ("facebot", "bot:facebook"),
    ("facebookcatalog", "bot:facebook"),
    ("meta-external", "bot:facebook"),
    ("telegrambot", "bot:telegram"), // "(like TwitterBot)"
    ("twitterbot", "bot:twitter"),
    ("slackbot", "bot:slack"),
    ("slack-imgproxy", "bot:slack"),
    ("linkedinbot", "bot:linkedin"),
    ("discordbot", "bot:discord"),
    ("skypeuripreview", "bot:skype"), // Skype and Teams
    ("^viber/", "bot:viber"),
    ("kakaotalk-scrap", "bot:kakaotalk"),
    ("snap url preview", "bot:snapchat"),
    ("pinterestbot", "bot:pinterest"),
    ("redditbot", "bot:reddit"),
    ("vkshare", "bot:vk"),
    ("embedly", "bot:embedly"),
    ("iframely", "bot:iframely"),
    ("mastodon/", "bot:mastodon"),
    // Search engines.
    ("googlebot", "bot:google"),
    ("googleother", "bot:google"),
    ("google-", "bot:google"), // Google-Safety, Google-PageRenderer …
    ("adsbot", "bot:google"),
    ("mediapartners", "bot:google"),
    ("apis-google", "bot:google"),
    ("bingbot", "bot:bing"),
    ("bingpreview", "bot:bing"),
    ("adidxbot", "bot:bing"),
    ("applebot", "bot:apple"),
    ("yandex.com/bots", "bot:yandex"),
    ("yandexbot", "bot:yandex"),
    ("baiduspider", "bot:baidu"),
    ("duckduckbot", "bot:duckduckgo"),
    ("petalbot", "bot:petal"),
    ("bytespider", "bot:bytedance"),
    ("gptbot", "bot:openai"),
    ("claudebot", "bot:anthropic"),
    // Scanners of mail and of networks.
    ("proofpoint", "bot:scanner"),
    ("barracuda", "bot:scanner"),
    ("mimecast", "bot:scanner"),
    ("virustotal", "bot:scanner"),
    ("urlscan", "bot:scanner"),
    ("zgrab", "bot:scanner"),
    ("masscan", "bot:scanner"),
    ("nmap", "bot:scanner"),
    ("nessus", "bot:scanner"),
    ("nikto", "bot:scanner"),
    ("sqlmap", "bot:scanner"),
    ("nuclei", "bot:scanner"),
    ("qualys", "bot:scanner"),
    ("censys", "bot:scanner"),
    ("expanse", "bot:scanner"),
    ("netcraft", "bot:scanner"),
    // Monitoring.
    ("elb-healthchecker", "bot:monitoring"),
    ("kube-probe", "bot:monitoring"),
    ("googlehc", "bot:monitoring"),
    ("pingdom", "bot:monitoring"),
    ("uptimerobot", "bot:monitoring"),
    ("statuscake", "bot:monitoring"),
    ("site24x7", "bot:monitoring"),
    ("datadog", "bot:monitoring"),
    ("newrelic", "bot:monitoring"),
    ("zabbix", "bot:monitoring"),
    ("check_http", "bot:monitoring"), // Nagios, Icinga
    ("blackbox", "bot:monitoring"),   // Prometheus
    ("lighthouse", "bot:monitoring"),
    // Browsers without a screen.
    ("headless", "bot:headless"),
    ("phantomjs", "bot:headless"),
    ("puppeteer", "bot:headless"),
    ("playwright", "bot:headless"),
    ("selenium", "bot:headless"),
    // Libraries and tools.
    ("^curl/", "bot:tool"),
    ("^wget", "bot:tool"),
    ("^python", "bot:tool"), // python-requests, Python-urllib, Python/3.12 aiohttp
    ("^go-http-client", "bot:tool"),
    ("^okhttp", "bot:tool"),
    ("^java/", "bot:tool"),
    ("^ruby", "bot:tool"),
    ("^dart/", "bot:tool"),
    ("^axios/", "bot:tool"),
    ("^node", "bot:tool"), // node, node-fetch
    ("^undici", "bot:tool"),
    ("^got (", "bot:tool"),
    ("apache-httpclient", "bot:tool"),
    ("guzzlehttp", "bot:tool"),
    ("libwww-perl", "bot:tool"),
    ("postmanruntime", "bot:tool"),
    ("insomnia/", "bot:tool"),
    ("scrapy", "bot:tool"),
    // What calls itself one. Bare "bot" is not among them: there are telephones of the make Cubot.
    ("preview", "bot:preview"),
    ("crawler", "bot:other"),
    ("spider", "bot:other"),
    ("bot/", "bot:other"),
    ("bot;", "bot:other"),
    ("+http", "bot:other"), // the address of whoever runs it
];

/// How the balance calls a request with this user agent, if no person made it. `more` are parts of further ones.
pub(super) fn name(agent: &str, more: &[String]) -> Option<&'static str> {
    let agent = agent.trim();
    if agent.is_empty() || agent == "-" {
        return Some("bot:no_agent");
    }
    let agent = agent.to_lowercase();
    let known = BOTS.iter().find(|(part, _)| fits(&agent, part)).map(|(_, name)| *name);
    known.or_else(|| more.iter().any(|part| fits(&agent, &part.to_lowercase())).then_some("bot:configured"))
}

fn fits(agent: &str, part: &str) -> bool {
    part.strip_prefix('^').map_or_else(|| agent.contains(part), |beginning| agent.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_people() {
        for (agent, expected) in [
            ("WhatsApp/2.23.20.0 A", Some("bot:whatsapp")),
            ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", Some("bot:facebook")),
            ("facebookexternalhit/1.1;line-poker/1.0", Some("bot:line")),
            ("TelegramBot (like TwitterBot)", Some("bot:telegram")),
            ("Viber/19.5 CFNetwork/1474", Some("bot:viber")),
            ("Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", Some("bot:skype")),
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Some("bot:google")),
            ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0 Safari/537.36", Some("bot:headless")),
            ("python-requests/2.31.0", Some("bot:tool")),
            ("ELB-HealthChecker/2.0", Some("bot:monitoring")),
            ("Mozilla/5.0 (compatible; SomeBot/1.0)", Some("bot:other")),
            ("", Some("bot:no_agent")),
            ("-", Some("bot:no_agent")),
            ("LumioLinkCheck/1", Some("bot:configured")),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 Instagram 320.0", None),
            ("Mozilla/5.0 (Linux; Android 14) Chrome/121.0 Mobile Safari/537.36 [FBAN/FB4A;FBAV/450.0;]", None),
            ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile/15E148 WhatsApp/2.24.1", None),
            ("Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) Chrome/120.0 Mobile Safari/537.36", None),
        ] {
            assert_eq!(name(agent, &["lumiolinkcheck".into()]), expected, "{agent}");
        }
    }

    #[test]
    fn parts_are_in_small_letters_and_each_is_reached() {
        for (n, (part, _)) in BOTS.iter().enumerate() {
            assert_eq!(*part, part.to_lowercase());
            let agent = part.trim_start_matches('^');
            let first = BOTS.iter().position(|(part, _)| fits(agent, part));
            assert_eq!(first, Some(n), "{part} is never reached");
        }
    }
}

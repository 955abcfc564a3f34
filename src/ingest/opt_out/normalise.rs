//! Text in one form: case, accents, scripts, punctuation and blanks do not matter any more. Knows nothing of opt-outs.
//!
//! It is made for comparing, not for reading: "Größe" becomes "grosse" and "que" "qu". What is compared with it has to go
//! through [`fold`].

use std::borrow::Cow;

/// Text as words with one blank between them and a line break between clauses, a question mark at the end of clauses that
/// ask. Chinese is written without blanks, and has none here either.
pub(super) fn normalise(text: &str) -> String {
    let mut words = Folded::with_capacity(text.len());
    let mut gap = None;
    let mut is_letter_alone = false;
    let mut chars = text.chars().map(half_width).peekable();
    while let Some(char) = chars.next() {
        if is_silent(char) {
            continue;
        }
        // A question in Chinese may end with a word for the question mark.
        let char = if matches!(char, '吗' | '嗎') { '?' } else { char };
        if char.is_alphanumeric() {
            is_letter_alone = gap.is_some() || words.text.is_empty();
            if let Some(gap) = gap.take()
                && !words.text.is_empty()
            {
                words.gap(gap, char);
            }
            words.push(char);
            continue;
        }
        match char {
            // "s.v.p." and "a.u.b." are words.
            '.' if is_letter_alone && gap.is_none() && chars.peek().is_some_and(|next| next.is_alphanumeric()) => {
                if let Some(next) = chars.next() {
                    words.push(next);
                }
            }
            '?' | '؟' => gap = Some('?'),
            '.' | '!' | ';' | ':' | ',' | '\n' | '…' | '—' | '–' | '(' | ')' | '。' | '、' | '،' | '؛' | '¿' | '¡' =>
            {
                gap = gap.filter(|gap| *gap == '?').or(Some('\n'));
            }
            _ => {
                gap.get_or_insert(' ');
            }
        }
    }
    if gap == Some('?') && !words.text.is_empty() {
        words.text.push('?');
    }
    words.text
}

/// A word or phrase of the data with its letters as [`normalise`] makes them; everything else stays.
pub(super) fn fold(phrase: &str) -> String {
    let mut words = Folded::with_capacity(phrase.len());
    for char in phrase.chars() {
        if char.is_alphanumeric() {
            words.push(char);
        } else {
            words.text.push(char);
        }
    }
    words.text
}

/// The message without what it quotes: text in quotation marks and lines that begin with `>`. A message that is nothing
/// but a quotation is the contact's own: people copy the quotation marks of "reply with »STOP«".
pub(super) fn own_words(text: &str) -> Cow<'_, str> {
    const OPENING: [char; 8] = ['"', '„', '“', '«', '»', '「', '『', '>'];
    if !text.contains(OPENING) {
        return Cow::Borrowed(text);
    }
    let mut own = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, quote)) = rest.char_indices().find(|(_, char)| OPENING.contains(char)) {
        let begins_line = rest.get(..start).is_some_and(|before| before.trim_end_matches(' ').ends_with('\n'))
            || own.is_empty() && rest.get(..start).is_some_and(|before| before.trim().is_empty());
        let inside = rest.get(start + quote.len_utf8()..).unwrap_or_default();
        let closing: &[char] = match quote {
            '„' => &['“', '”', '"'],
            '“' => &['”', '“'],
            '«' => &['»'],
            '»' => &['«'],
            '「' => &['」'],
            '『' => &['』'],
            '>' => &['\n'],
            _ => &['"'],
        };
        let end = match inside.find(closing) {
            Some(end) if quote != '>' || begins_line => inside.get(end..).map(|end| end.trim_start_matches(closing)),
            None if quote == '>' && begins_line => Some(""),
            // An inch, an arrow, a mark that never closes.
            _ => None,
        };
        own.push_str(rest.get(..start).unwrap_or_default());
        own.push('\n');
        rest = end.unwrap_or(inside);
    }
    own.push_str(rest);
    if own.chars().any(char::is_alphanumeric) { Cow::Owned(own) } else { Cow::Borrowed(text) }
}

/// Letters, digits and marks that Chinese keyboards make as wide as a Chinese character.
pub(super) fn half_width(char: char) -> char {
    match char {
        '！'..='～' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        '\u{3000}' => ' ',
        other => other,
    }
}

/// Marks that are written above, below or between letters without being one.
fn is_silent(char: char) -> bool {
    matches!(char, '\'' | '’' | '‘' | '`' | '´' | '\u{300}'..='\u{36f}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{fe0f}' | '\u{feff}' | '\u{ad}')
}

fn is_chinese(char: char) -> bool {
    matches!(char, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}')
}

/// Letters in one form: lower case, no accents, `ae` and `ä` both `a`, simplified Chinese, three or more equal letters one.
struct Folded {
    text: String,
}

impl Folded {
    fn with_capacity(capacity: usize) -> Self {
        Self { text: String::with_capacity(capacity) }
    }

    /// Separates what stands there from what follows. Blanks beside Chinese say nothing.
    fn gap(&mut self, gap: char, next: char) {
        match gap {
            ' ' if is_chinese(next) || self.text.ends_with(is_chinese) => {}
            '?' => self.text.push_str("?\n"),
            gap => self.text.push(gap),
        }
    }

    fn push(&mut self, char: char) {
        for char in char.to_lowercase().filter(|char| !is_silent(*char)) {
            let char = match char {
                'à'..='å' | 'ā' | 'ă' | 'ą' | 'æ' => 'a',
                'ç' | 'ć' | 'č' => 'c',
                'ď' | 'đ' => 'd',
                'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
                'ğ' => 'g',
                'ì'..='ï' | 'ī' | 'ı' => 'i',
                'ł' => 'l',
                'ñ' | 'ń' | 'ň' => 'n',
                'ò'..='ö' | 'ø' | 'ō' | 'ő' | 'œ' => 'o',
                'ř' => 'r',
                'ś' | 'š' | 'ş' | 'ș' => 's',
                'ť' | 'ţ' | 'ț' => 't',
                'ù'..='ü' | 'ū' | 'ű' | 'ů' => 'u',
                'ý' | 'ÿ' => 'y',
                'ź' | 'ż' | 'ž' => 'z',
                'ё' => 'е',
                // Some keyboards write the breve as a mark of its own, which is silent.
                'й' => 'и',
                'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
                'ى' | 'ی' => 'ي',
                'ة' => 'ه',
                'ک' => 'ك',
                'ß' => {
                    self.text.push_str("ss");
                    continue;
                }
                other if is_chinese(other) => simplified(other),
                other => other,
            };
            if char == 'e' && self.text.ends_with(['a', 'o', 'u']) {
                continue;
            }
            let mut last = self.text.chars().rev();
            if char.is_alphabetic() && last.next() == Some(char) && last.next() == Some(char) {
                self.text.pop();
                continue;
            }
            self.text.push(char);
        }
    }
}

/// The simplified form of the characters that opt-outs are written with.
fn simplified(char: char) -> char {
    match char {
        '別' => '别',
        '動' => '动',
        '個' => '个',
        '們' => '们',
        '傳' => '传',
        '來' => '来',
        '刪' => '删',
        '問' => '问',
        '啟' => '启',
        '單' => '单',
        '塊' => '块',
        '寫' => '写',
        '將' => '将',
        '對' => '对',
        '帳' | '賬' => '账',
        '廣' => '广',
        '後' => '后',
        '從' => '从',
        '復' | '複' => '复',
        '恆' => '恒',
        '戶' => '户',
        '擾' => '扰',
        '據' => '据',
        '數' => '数',
        '時' => '时',
        '會' => '会',
        '樣' => '样',
        '機' => '机',
        '沒' => '没',
        '無' => '无',
        '煩' => '烦',
        '為' => '为',
        '營' => '营',
        '發' => '发',
        '碼' => '码',
        '種' => '种',
        '簡' => '简',
        '絡' => '络',
        '給' => '给',
        '經' => '经',
        '繫' | '係' => '系',
        '繼' => '继',
        '續' => '续',
        '羣' => '群',
        '聯' => '联',
        '號' => '号',
        '見' => '见',
        '訂' => '订',
        '訊' => '讯',
        '話' => '话',
        '該' => '该',
        '誤' => '误',
        '說' => '说',
        '請' => '请',
        '謝' => '谢',
        '讓' => '让',
        '貴' => '贵',
        '資' => '资',
        '這' => '这',
        '過' => '过',
        '還' => '还',
        '郵' => '邮',
        '銷' => '销',
        '錄' => '录',
        '錯' => '错',
        '閱' => '阅',
        '開' => '开',
        '關' => '关',
        '電' => '电',
        '類' => '类',
        '騷' => '骚',
        '麼' => '么',
        other => other,
    }
}

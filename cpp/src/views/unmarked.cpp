// Text without its markup: tags, comments, escapes, overstrikes, emphasis inside words.
#include "fastguard/views.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace fastguard {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::size_t kMostTarget = 512;   // bytes of a link's target
constexpr std::size_t kMostEscape = 256;   // bytes of an escape sequence
constexpr std::ptrdiff_t kMostBlanks = 2;  // of a tag that holds no words

constexpr std::size_t kMostBracket = 64;  // bytes of a tag in brackets
constexpr std::size_t kMostCommand = 16;  // of the name of a command
constexpr std::size_t kMostOpen = 8;      // commands in each other
constexpr std::size_t kLeastCells = 2;    // with a border within a word, and at its end

// Tags of forums, in brackets.
constexpr std::array<std::string_view, 13> kBracketed = {"b",     "i",    "u",    "s",    "url",    "color", "size",
                                                         "quote", "font", "code", "list", "center", "img"};

// Tags that a browser shows no break for: the letters on both sides make one word.
constexpr std::array<std::string_view, 27> kInline = {
    "a",   "abbr", "b", "bdi", "bdo",  "big",   "cite", "code",   "data",   "del", "em",  "font", "i",  "ins",
    "kbd", "mark", "q", "s",   "samp", "small", "span", "strike", "strong", "sub", "sup", "u",    "wbr"};

bool is_letter(char c) noexcept {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x80 || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9');
}
bool is_ascii_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_emphasis(char c) noexcept { return c == '*' || c == '`' || c == '~' || c == '_'; }

// U+0080 to U+009F: controls as those below U+0020 are. U+0085 is a line's end.
bool is_high_control(std::string_view text, std::size_t at) noexcept {
    const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
    return text[at] == '\xC2' && next >= 0x80 && next <= 0x9F && next != 0x85;
}

bool has_high_control(std::string_view text) noexcept {
    std::size_t at = text.find('\xC2');
    while (at != std::string_view::npos && !is_high_control(text, at)) {
        at = text.find('\xC2', at + 1);
    }
    return at != std::string_view::npos;
}

// Bytes that Unmarker::skip may take for markup, or that it counts.
constexpr auto kMayBeMarkup = [] {
    std::array<bool, 256> may{};
    for (std::size_t c = 0; c < 0x20; ++c) {
        may[c] = c != '\n' && c != '\t';
    }
    for (const char c : std::string_view("<[\\{}]*`~_\x7f\xC2")) {
        may[static_cast<unsigned char>(c)] = true;
    }
    return may;
}();

class Unmarker {
  public:
    // `cells`: cells of a table make one text.
    Unmarker(std::string_view text, Children& children, bool cells = false) noexcept
        : text_(text), children_(children), cells_(cells) {}

    void run() {
        while (copy_plain() && at_ < text_.size()) {
            const std::size_t skipped = skip();
            if (skipped != 0) {
                if (!holds_words(text_.substr(at_, skipped))) {
                    children_.pass(at_, at_ + skipped);
                }
                at_ += skipped;
                continue;
            }
            if (!children_.put_byte(text_[at_], at_, at_ + 1)) {
                return;
            }
            ++at_;
        }
    }

  private:
    // Copies all up to the next byte that markup may begin with; false where the budget is used up.
    bool copy_plain() {
        std::size_t end = at_;
        while (end < text_.size() && !kMayBeMarkup[static_cast<unsigned char>(text_[end])]) {
            ++end;
        }
        const std::string_view plain = text_.substr(at_, end - at_);
        if (!children_.copy(text_, at_, end)) {
            return false;
        }
        if (const std::size_t last = plain.rfind('\n'); last != std::string_view::npos) {
            line_ = children_.opened().size() - (plain.size() - last - 1);
        }
        at_ = end;
        return true;
    }

    [[nodiscard]] char ahead(std::size_t by) const noexcept { return at_ + by < text_.size() ? text_[at_ + by] : '\0'; }

    // Whether a reader of the markup itself would find words in it: attributes with a text, comments.
    static bool holds_words(std::string_view markup) noexcept {
        return std::count(markup.begin(), markup.end(), ' ') > kMostBlanks || markup.substr(0, 4) == "<!--";
    }

    // Bytes that are markup here; 0: none.
    std::size_t skip() {
        const char c = text_[at_];
        if (is_high_control(text_, at_)) {
            return 2;
        }
        if (static_cast<unsigned char>(c) >= 0x80 || is_letter(c) || c == ' ' || c == '\n' || c == '\t') {
            return 0;
        }
        switch (c) {
            case '<':
                return tag();
            case kEscape:
                return escape();
            case '\b':
            case '\x7f':
                take_back();
                return 1;
            case '\r':
                if (ahead(1) == '\n') {
                    return 0;
                }
                children_.shorten(line_);
                return 1;
            case '[':
                return bracket_tag();
            case '\\':
                return command();
            case '{':
                nested_ += commands_ > 0 ? 1U : 0U;
                return 0;
            case '}':
                return brace();
            case ']':
                return ahead(1) == '(' ? target() : 0;
            default:
                break;
        }
        if (static_cast<unsigned char>(c) < 0x20) {
            return 1;
        }
        return is_emphasis(c) ? emphasis() : 0;
    }

    std::size_t tag() {
        if (text_.substr(at_, 4) == "<!--") {
            return until("-->", 4, no_comment_end_);
        }
        const std::size_t name = ahead(1) == '/' ? 2 : 1;
        if (!is_ascii_letter(ahead(name)) && ahead(1) != '!' && ahead(1) != '?') {
            return 0;
        }
        // A tag ends before the next one begins, so that each byte is looked at once.
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != '>' && text_[end] != '<') {
            ++end;
        }
        if (end == text_.size() || text_[end] != '>') {
            return 0;
        }
        if (is_address(text_.substr(at_ + 1, end - at_ - 1))) {
            return 0;
        }
        if (!is_inline(name)) {
            children_.put_byte(' ', at_, end + 1);
        }
        return end + 1 - at_;
    }

    // Whether angle brackets hold a link or an e-mail address: that is shown.
    static bool is_address(std::string_view inside) noexcept {
        return inside.find_first_of(" =\"") == std::string_view::npos &&
               (inside.find("://") != std::string_view::npos || inside.find('@') != std::string_view::npos);
    }

    // "[b]", "[/b]", "[color=red]" of forums.
    [[nodiscard]] std::size_t bracket_tag() const noexcept {
        const std::size_t name = ahead(1) == '/' ? 2 : 1;
        std::size_t end = name;
        while (end < 8 && is_ascii_letter(ahead(end))) {
            ++end;
        }
        const std::string_view said = text_.substr(std::min(text_.size(), at_ + name), end - name);
        const bool known = std::find(kBracketed.begin(), kBracketed.end(), said) != kBracketed.end();
        for (std::size_t size = end; known && size < kMostBracket && at_ + size < text_.size(); ++size) {
            const char c = ahead(size);
            if (c == ']') {
                return size + 1;
            }
            if (c == ' ' || c == '\n' || (size == end && c != '=')) {
                return 0;
            }
        }
        return 0;
    }

    // "\textbf{" of TeX; the brace that ends it goes, too.
    std::size_t command() noexcept {
        std::size_t end = 1;
        while (end < kMostCommand && is_ascii_letter(ahead(end))) {
            ++end;
        }
        if (end < 4 || ahead(end) != '{' || commands_ == kMostOpen) {
            return 0;
        }
        open_[commands_++] = nested_;
        nested_ = 0;
        return end + 1;
    }
    std::size_t brace() noexcept {
        if (commands_ == 0) {
            return 0;
        }
        if (nested_ > 0) {
            --nested_;
            return 0;
        }
        nested_ = open_[--commands_];
        return 1;
    }

    [[nodiscard]] bool is_inline(std::size_t name) const noexcept {
        char lower[8];
        std::size_t size = 0;
        for (; size < sizeof lower && is_letter(ahead(name + size)); ++size) {
            lower[size] = static_cast<char>(ahead(name + size) | 0x20);
        }
        const std::string_view tag(lower, size);
        return std::find(kInline.begin(), kInline.end(), tag) != kInline.end() ||
               (cells_ && (tag == "td" || tag == "th" || tag == "tr"));
    }

    // Bytes up to the end of `end`; 0 where it does not come, which `none` remembers.
    std::size_t until(std::string_view end, std::size_t from, bool& none) {
        const std::size_t found = none ? std::string_view::npos : text_.find(end, at_ + from);
        none = found == std::string_view::npos;
        return none ? 0 : found + end.size() - at_;
    }

    std::size_t escape() {
        const std::size_t limit = std::min(text_.size(), at_ + kMostEscape);
        std::size_t end = at_ + 2;
        if (ahead(1) == '[') {
            while (end < limit && text_[end] >= 0x20 && text_[end] < 0x40) {
                ++end;
            }
            return std::min(end + 1, text_.size()) - at_;
        }
        if (ahead(1) == ']') {  // a title or a link: up to BEL or ESC backslash
            while (end < limit && text_[end] != '\a' && text_[end] != kEscape) {
                ++end;
            }
            const bool two = end + 1 < text_.size() && text_[end] == kEscape && text_[end + 1] == '\\';
            return end < limit ? end + (two ? 2U : 1U) - at_ : 1;
        }
        return std::min<std::size_t>(2, text_.size() - at_);
    }

    // The last character is gone, if it is of this line.
    void take_back() {
        const std::string_view said = children_.opened();
        std::size_t size = said.size();
        while (size > 0 && (static_cast<unsigned char>(said[size - 1]) & 0xC0U) == 0x80U) {
            --size;
        }
        size -= size > 0 ? 1U : 0U;
        if (!said.empty() && said[size] != '\n') {
            children_.shorten(size);
        }
    }

    // "](target)" becomes nothing, the text in brackets stays.
    std::size_t target() {
        const std::size_t limit = std::min(text_.size(), at_ + kMostTarget);
        for (std::size_t end = at_ + 2; end < limit && text_[end] != '\n' && text_[end] != '('; ++end) {
            if (text_[end] == ')') {
                return end + 1 - at_;
            }
        }
        return 0;
    }

    // Marks of emphasis between two letters; a single underscore there makes a name of two words.
    std::size_t emphasis() {
        const char c = text_[at_];
        std::size_t size = 1;
        while (size < 4 && ahead(size) == c) {
            ++size;
        }
        const auto is_shown = [](char shown) { return static_cast<unsigned char>(shown) > ' '; };
        if (size == 4 && at_ > 0 && is_shown(text_[at_ - 1]) && is_shown(ahead(size))) {
            return size;  // one ends and the next begins
        }
        const bool letters = at_ > 0 && is_letter(text_[at_ - 1]) && is_letter(ahead(size));
        return letters && (c == '*' || c == '`' || size > 1) ? size : 0;
    }

    std::string_view text_;
    Children& children_;
    bool cells_;
    std::array<std::uint32_t, kMostOpen> open_{};  // braces that were open in each command around
    std::size_t commands_ = 0;                     // that are open
    std::uint32_t nested_ = 0;                     // braces open in the innermost
    std::size_t at_ = 0;
    std::size_t line_ = 0;  // where the line begins in the child
    bool no_comment_end_ = false;
};

// `mark`, or more of its character, with a letter on both sides.
bool has_emphasis(std::string_view text, std::string_view mark) noexcept {
    for (std::size_t at = text.find(mark); at != std::string_view::npos;) {
        std::size_t end = at + mark.size();
        while (end < text.size() && end < at + 4 && text[end] == mark[0]) {
            ++end;
        }
        if (at > 0 && end < text.size() && is_letter(text[at - 1]) && is_letter(text[end])) {
            return true;
        }
        at = text.find(mark, end);
    }
    return false;
}

bool has_tag(std::string_view text) noexcept {
    for (std::size_t at = text.find('<'); at != std::string_view::npos && at + 1 < text.size();
         at = text.find('<', at + 1)) {
        if (is_ascii_letter(text[at + 1]) || text[at + 1] == '/' || text[at + 1] == '!') {
            return true;
        }
    }
    return false;
}

// "[/": a tag of a forum ends; "\name{": a command of TeX.
bool has_command(std::string_view text) noexcept {
    if (text.find("[/") != std::string_view::npos) {
        return true;
    }
    for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 1)) {
        std::size_t end = at + 1;
        while (end < text.size() && is_ascii_letter(text[end])) {
            ++end;
        }
        if (end > at + 3 && end < text.size() && text[end] == '{') {
            return true;
        }
    }
    return false;
}

// Whether words go on in the next cell of a table: some cells end where a word does and others do not, as in no table
// that is laid out for reading.
bool has_cut_cells(std::string_view text) noexcept {
    std::size_t apart = 0;   // a blank on one side
    std::size_t within = 0;  // on neither
    for (std::size_t at = text.find("</td><td"); at != std::string_view::npos; at = text.find("</td><td", at + 8)) {
        const std::size_t next = text.find('>', at + 8);
        if (at == 0 || next == std::string_view::npos || next + 1 >= text.size()) {
            continue;
        }
        const bool before = is_letter(text[at - 1]);
        const bool behind = is_letter(text[next + 1]);
        within += before && behind ? 1U : 0U;
        apart += (before && text[next + 1] == ' ') || (behind && text[at - 1] == ' ') ? 1U : 0U;
    }
    return within >= kLeastCells && apart >= kLeastCells;
}

bool has_return(std::string_view text) noexcept {
    for (std::size_t at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1)) {
        if (at + 1 == text.size() || text[at + 1] != '\n') {
            return true;
        }
    }
    return false;
}

}  // namespace

void make_unmarked(const Reading& reading, Children& children) {
    const std::string_view text = reading.raw.bytes;
    const ByteCounts& counts = reading.counts;
    const auto has = [&counts](std::string_view byte) { return counts.has(mark_bits(byte)); };
    const bool markup = (has("<") && has_tag(text)) || (has("*") && has_emphasis(text, "*")) ||
                        (has("`") && has_emphasis(text, "`")) ||
                        (has("]") && text.find("](") != std::string_view::npos) || (has("\\]") && has_command(text));
    const bool wanted = counts.control > 0 || markup || (has("_") && has_emphasis(text, "__")) ||
                        (has("~") && has_emphasis(text, "~~")) || (has("\r") && has_return(text)) ||
                        (!reading.ascii && has_high_control(text));
    if (wanted && children.open(ViewKind::unmarked)) {
        Unmarker(text, children, markup && has_cut_cells(text)).run();
        children.close(text);
    }
}

}  // namespace fastguard

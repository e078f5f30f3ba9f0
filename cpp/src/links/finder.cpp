#include "finder.h"

#include "../utf8_decode.h"
#include "../validators_ascii.h"
#include "fastguard/normalizer.h"
#include "host.h"
#include "suffixes.h"

#include <algorithm>
#include <array>
#include <bit>

namespace fastguard::links {
namespace {

using namespace ascii;

constexpr std::size_t kMostHost = 300;  // bytes as written, defanged dots included
constexpr std::size_t kMostScheme = 6;
constexpr std::size_t kMostLabel = 63;

struct Scheme {
    std::string_view name;
    bool secure;
    bool defanged;
    bool anywhere;  // even behind a letter: texts glued together
};
constexpr std::array<Scheme, 14> kSchemes = {{{"https", true, false, true},
                                              {"http", false, false, true},
                                              {"hxxps", true, true, true},
                                              {"hxxp", false, true, true},
                                              {"h**ps", true, true, false},
                                              {"h**p", false, true, false},
                                              {"htxp", false, true, false},
                                              {"htxps", true, true, false},
                                              {"ftps", true, false, false},
                                              {"ftp", false, false, false},
                                              {"fxp", false, true, false},
                                              {"wss", true, false, false},
                                              {"ws", false, false, false},
                                              {"sftp", true, false, false}}};

// Suffixes under which a bare "name.suffix" is a host rather than a file, a field of an object, or two sentences
// without a space between them.
constexpr std::array<std::string_view, 53> kHostSuffixes = {
    "ai",    "app",  "ar",      "au",    "biz", "br",     "buzz", "ca",      "cf",  "cfd",   "ch",
    "click", "club", "cn",      "co",    "com", "cyou",   "cz",   "de",      "dev", "edu",   "es",
    "eu",    "fr",   "ga",      "gov",   "gq",  "gr",     "icu",  "info",    "io",  "jp",    "kr",
    "life",  "mil",  "monster", "net",   "nl",  "online", "org",  "pt",      "pw",  "quest", "ru",
    "se",    "shop", "site",    "store", "tk",  "top",    "vip",  "website", "xyz"};

static_assert(std::is_sorted(kHostSuffixes.begin(), kHostSuffixes.end()));
constexpr std::size_t kLongestHostSuffix = 8;
static_assert(std::all_of(kHostSuffixes.begin(), kHostSuffixes.end(),
                          [](std::string_view suffix) { return suffix.size() <= kLongestHostSuffix; }));

bool is_host_suffix(std::string_view suffix) noexcept {
    return std::binary_search(kHostSuffixes.begin(), kHostSuffixes.end(), suffix);
}

// How a dot of a host is written at `at`: bytes, 0 where there is none.
std::size_t dot_at(std::string_view text, std::size_t at) noexcept {
    if (at >= text.size()) return 0;
    if (text[at] == '.') return 1;
    if (text[at] == '[' || text[at] == '(' || text[at] == '{') {
        const char close = text[at] == '[' ? ']' : text[at] == '(' ? ')' : '}';
        if (text.substr(at + 1, 1) == "." && text.substr(at + 2, 1) == std::string_view(&close, 1)) return 3;
        if (text.substr(at + 1, 3) == "dot" && text.substr(at + 4, 1) == std::string_view(&close, 1)) return 5;
    }
    return text.substr(at, 3) == "\xE3\x80\x82" ? 3 : 0;  // ideographic full stop
}

constexpr auto kHostBytes = [] {
    std::array<bool, 256> may{};
    for (const char c : std::string_view("-_%")) may[static_cast<unsigned char>(c)] = true;
    for (unsigned c = 0; c < 0x80; ++c) may[c] = may[c] || is_alnum(static_cast<char>(c));
    return may;
}();

std::size_t wide_host_character(std::string_view text, std::size_t at) noexcept {
    unsigned char bytes[4] = {};
    for (std::size_t i = 0; i < 4 && at + i < text.size(); ++i) bytes[i] = static_cast<unsigned char>(text[at + i]);
    const utf8::Step step = utf8::decode(bytes);
    return step.cp != utf8::kInvalid && token_class(step.cp) != TokenClass::separator ? step.length : 0;
}

// Bytes of a letter, digit or mark that may stand in a host; 0 for anything else.
inline std::size_t host_character(std::string_view text, std::size_t at) noexcept {
    const auto byte = static_cast<unsigned char>(text[at]);
    return byte < 0x80 ? (kHostBytes[byte] ? 1 : 0) : wide_host_character(text, at);
}

class Finder {
  public:
    Finder(std::string_view text, std::span<Link> out) noexcept : text_(text), out_(out) {}

    std::size_t run(const ByteMasks& masks, bool& truncated) noexcept {
        const std::size_t blocks = (text_.size() + kBlockBytes - 1) / kBlockBytes;
        std::uint64_t last_word = 0;  // the byte before the block is of a word
        for (std::size_t block = 0; block < blocks; ++block) {
            const std::uint64_t word = masks.word[block];
            const std::uint64_t next = block + 1 < blocks ? masks.word[block + 1] : 0;
            const std::uint64_t single = ~word & (word << 1 | last_word) & (word >> 1 | next << 63);
            const std::uint64_t second = ~(word >> 1 | next << 63) & ~(word >> 2 | next << 62);
            const std::uint64_t triple = ~word & (word << 1 | last_word) & second & (word >> 3 | next << 61);
            last_word = word >> 63;
            std::uint64_t events = ((single | triple) & ~masks.space[block]) | masks.colon[block];
            for (; events != 0; events &= events - 1) {
                look(block * 64 + static_cast<unsigned>(std::countr_zero(events)));
                if (overflow_) {
                    truncated = true;
                    return count_;
                }
            }
        }
        return count_;
    }

    // Without masks, up to the first link.
    void first() noexcept {
        for (std::size_t i = 0; i < text_.size() && count_ == 0; ++i) look(i);
    }

  private:
    void look(std::size_t at) noexcept {
        if (at < free_) return;
        switch (text_[at]) {
            case ':':
                at_colon(at);
                break;
            case '.':
                if (at >= tried_) at_dot(at);
                break;
            case '[':
            case '(':
            case '{':
                if (at >= tried_ && dot_at(text_, at) != 0) at_dot(at);
                break;
            default:
                break;
        }
    }

    char at(std::size_t i) const noexcept { return i < text_.size() ? text_[i] : ' '; }

    void at_colon(std::size_t colon) noexcept {
        Link link;
        std::size_t after = colon + 1;
        std::size_t before = colon;
        if (at(after) == ']' && before > free_ && at(before - 1) == '[') {
            link.defanged = true;
            ++after;
            --before;
        }
        const char slash = at(after);
        if (slash != '/' && slash != '\\') return;
        const Scheme* scheme = scheme_before(before);
        if (scheme == nullptr) return;
        std::size_t authority = after;
        while (at(authority) == '/' || at(authority) == '\\') ++authority;
        const bool web = scheme->anywhere;
        if (authority - after < 2 && !web) return;
        link.begin = static_cast<std::uint32_t>(before - scheme->name.size());
        link.scheme = true;
        link.secure = scheme->secure;
        link.defanged = link.defanged || scheme->defanged;
        take_authority(link, authority);
    }

    const Scheme* scheme_before(std::size_t end) const noexcept {
        const std::size_t from = end > free_ + kMostScheme ? end - kMostScheme : free_;
        const std::string_view before = text_.substr(from, end - from);
        for (const Scheme& scheme : kSchemes) {
            if (!before.ends_with(scheme.name)) continue;
            const std::size_t begin = end - scheme.name.size();
            if (scheme.anywhere || begin == 0 || !is_alnum(text_[begin - 1])) return &scheme;
        }
        return nullptr;
    }

    // Reads [user@]host[:port] from `from`, then what follows.
    void take_authority(Link& link, std::size_t from) noexcept {
        // User: anything up to the last '@' before the authority ends.
        const std::size_t limit = std::min(text_.size(), from + kMostLink);
        std::size_t at_sign = from;
        for (std::size_t i = from; i < limit; ++i) {
            const char c = text_[i];
            if (c == '@') at_sign = i + 1;
            if (is_space(c) || c == '/' || c == '?' || c == '#' || c == '<' || c == '>' || c == '"' || c == '`' ||
                c == '\\' || c == ',' || c == '\'' || c == '|')
                break;
        }
        std::size_t host = from;
        if (at_sign > from) {
            link.user_begin = static_cast<std::uint32_t>(from);
            link.user_end = static_cast<std::uint32_t>(at_sign - 1);
            host = at_sign;
        }
        link.host_begin = static_cast<std::uint32_t>(host);
        std::size_t end = host;
        if (at(host) == '[' && dot_at(text_, host) == 0) {
            const std::size_t size = text_.substr(host, kMostHost).find(']');
            if (size == std::string_view::npos) return;
            end = host + size + 1;
        } else {
            end = host_end(host, link);
        }
        link.host_end = static_cast<std::uint32_t>(end);
        Host read;
        if (end == host || !is_host(link, read)) return;
        take_rest(link, link.host_end);
        emit(link);
    }

    // Reads the host; cuts it where running text that is written without spaces goes on behind it.
    bool is_host(Link& link, Host& host) const noexcept {
        for (int turn = 0; turn < 2; ++turn) {
            const std::string_view written = text_.substr(link.host_begin, link.host_end - link.host_begin);
            if (read_host(written, host) && (host.kind != HostKind::name || host.listed || host.ascii))
                return host.kind != HostKind::name || host.name().find('.') != std::string_view::npos;
            const auto high = std::find_if(written.begin(), written.end(),
                                           [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
            if (high == written.end()) return false;
            std::size_t size = static_cast<std::size_t>(high - written.begin());
            while (size > 0 && written[size - 1] == '.') --size;
            if (size == 0) return false;
            link.host_end = link.host_begin + static_cast<std::uint32_t>(size);
        }
        return false;
    }

    std::size_t host_end(std::size_t from, Link& link) const noexcept {
        std::size_t end = from;  // behind the last character that is no dot
        for (std::size_t i = from; i < text_.size() && i - from < kMostHost;) {
            if (const std::size_t size = host_character(text_, i); size != 0) {
                i += size;
                end = i;
                continue;
            }
            const std::size_t dot = dot_at(text_, i);
            if (dot == 0 || i == from) break;
            if (i + dot >= text_.size() || host_character(text_, i + dot) == 0) break;
            link.defanged = link.defanged || (dot != 1 && text_[i] != '\xE3');
            i += dot;
        }
        return end;
    }

    void take_rest(Link& link, std::size_t end) noexcept {
        const bool bracketed = at(end) == '[' && at(end + 1) == ':' && at(end + 2) == ']';
        std::size_t digits = end + (bracketed ? 3 : 1);
        if ((at(end) == ':' || bracketed) && is_digit(at(digits))) {
            while (is_digit(at(digits)) && digits - end < 8) ++digits;
            link.port = true;
            end = digits;
        }
        link.path = static_cast<std::uint32_t>(end);
        if (at(end) == '/' || at(end) == '?' || at(end) == '#' || (at(end) == '\\' && at(end + 1) == '/'))
            end = path_end(end, link.begin);
        link.end = static_cast<std::uint32_t>(end);
        link.path = std::min(link.path, link.end);
    }

    // The end of path, query and fragment, without what the sentence adds.
    std::size_t path_end(std::size_t from, std::size_t begin) const noexcept {
        std::size_t round = 0;
        std::size_t square = 0;
        std::size_t i = from;
        for (; i < text_.size() && i - begin < kMostLink; ++i) {
            const char c = text_[i];
            const auto byte = static_cast<unsigned char>(c);
            if (byte <= 0x20 || byte == 0x7F || c == '<' || c == '>' || c == '"' || c == '`' || c == '\'' || c == '|')
                break;
            if (c == '\\' && at(i + 1) != '/') break;
            if (byte >= 0x80) {
                unsigned char bytes[4] = {};
                for (std::size_t k = 0; k < 4 && i + k < text_.size(); ++k)
                    bytes[k] = static_cast<unsigned char>(text_[i + k]);
                const utf8::Step step = utf8::decode(bytes);
                if (step.cp == utf8::kInvalid || token_class(step.cp) != TokenClass::word) break;
                i += step.length - 1;
                continue;
            }
            round += c == '(' ? 1U : 0U;
            square += c == '[' ? 1U : 0U;
            if ((c == ')' && round-- == 0) || (c == ']' && square-- == 0)) break;
        }
        while (i > from) {
            const char c = text_[i - 1];
            if (c != '.' && c != ',' && c != ';' && c != ':' && c != '!' && c != '?' && c != '*' && c != '_' &&
                c != '(' && c != '[')
                break;
            --i;
        }
        return std::max(i, from);
    }

    void at_dot(std::size_t dot) noexcept {
        const std::size_t least = std::max(free_, tried_);
        std::size_t begin = dot;
        while (begin > least && dot - begin < kMostHost) {
            std::size_t first = begin - 1;
            while (first > least && (static_cast<unsigned char>(text_[first]) & 0xC0U) == 0x80U) --first;
            const std::size_t size = host_character(text_, first);
            if (size == 0 || first + size != begin || text_[first] == '%' || is_spaceless(first)) break;
            begin = first;
        }
        Link link;
        std::size_t end = host_end(begin, link);
        tried_ = end;
        while (begin < end && text_[begin] == '-') ++begin;
        const char before = begin == 0 ? ' ' : text_[begin - 1];
        if (begin >= end || is_digit(text_[end - 1]) || before == '@' || before == '.' || before == '$' ||
            before == '\\' || before == '&' || (before == '/' && (begin < 2 || text_[begin - 2] != '/')) ||
            at(end) == '@')
            return;
        link.begin = link.host_begin = static_cast<std::uint32_t>(begin);
        link.host_end = static_cast<std::uint32_t>(end);
        if (!is_bare_host(link)) return;
        take_rest(link, link.host_end);
        emit(link);
    }

    // A letter of a script that is written without spaces ends the word before it.
    bool is_spaceless(std::size_t first) const noexcept {
        if (static_cast<unsigned char>(text_[first]) < 0x80) return false;
        unsigned char bytes[4] = {};
        for (std::size_t k = 0; k < 4 && first + k < text_.size(); ++k)
            bytes[k] = static_cast<unsigned char>(text_[first + k]);
        const utf8::Step step = utf8::decode(bytes);
        return step.cp == utf8::kInvalid || token_class(step.cp) == TokenClass::single;
    }

    // Whether a bare host may be one as far as its last label tells: of names with dots in them ("main.py", "3.5") most
    // are none. A suffix of two labels needs a third one before it.
    bool may_be_bare(const Link& link) const noexcept {
        const std::string_view written = text_.substr(link.host_begin, link.host_end - link.host_begin);
        const std::size_t last = written.rfind('.');
        if (link.defanged || last == std::string_view::npos) return true;
        const bool ascii = std::none_of(written.begin(), written.end(),
                                        [](char c) { return static_cast<unsigned char>(c) >= 0x80 || c == '%'; });
        std::array<char, kMostLabel> label{};
        const std::size_t size = written.size() - last - 1;
        if (!ascii || size > label.size()) return !ascii;
        std::transform(written.end() - static_cast<std::ptrdiff_t>(size), written.end(), label.begin(),
                       [](char c) { return lower(c); });
        const std::string_view suffix(label.data(), size);
        if (at(link.host_end) == '/' || lower(written[0]) == 'w') return may_be_listed(suffix);
        if (is_code(link.host_end)) return false;
        return written.find('.') != last ? may_be_listed(suffix) : is_host_suffix(suffix);
    }

    // What is called, indexed or assigned to is no host.
    bool is_code(std::size_t end) const noexcept { return at(end) == '(' || at(end) == '=' || at(end) == '['; }

    bool is_bare_host(Link& link) const noexcept {
        Host host;
        if (!may_be_bare(link) || !is_host(link, host)) return false;
        const std::string_view name = host.name();
        if (host.kind != HostKind::name || !host.listed || host.suffix + 2 > name.size() ||
            name.find('_') != std::string_view::npos || name.find('%') != std::string_view::npos)
            return false;
        const std::size_t end = link.host_end;
        if (link.defanged || name.starts_with("www.") || (at(end) == '/' && at(end + 1) != ' ')) return true;
        if (is_code(end)) return false;
        const std::string_view suffix = name.substr(name.size() - host.suffix);
        if (suffix.find('.') != std::string_view::npos) return true;
        return is_host_suffix(suffix);
    }

    void emit(const Link& link) noexcept {
        if (link.end <= link.begin) return;
        if (count_ == out_.size()) {
            overflow_ = true;
            return;
        }
        out_[count_++] = link;
        free_ = link.end;
    }

    std::string_view text_;
    std::span<Link> out_;
    std::size_t count_ = 0;
    std::size_t free_ = 0;   // end of the last link
    std::size_t tried_ = 0;  // end of the last run that was judged as a bare host
    bool overflow_ = false;

    friend Link links::first_link(std::string_view) noexcept;
};

}  // namespace

std::size_t find_links(std::string_view text, const ByteMasks& masks, std::span<Link> out, bool& truncated) noexcept {
    return Finder(text, out).run(masks, truncated);
}

Link first_link(std::string_view text) noexcept {
    std::array<Link, 1> out{};
    Finder(text, out).first();
    return out[0];
}

}  // namespace fastguard::links

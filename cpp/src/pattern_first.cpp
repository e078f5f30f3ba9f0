#include "pattern_first.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace fastguard {
namespace {

constexpr std::size_t kBytes = Prefix::kBytes;

// One form of what a part of an expression matches, as far as its first bytes go.
struct Form {
    std::array<ByteSet, kBytes> bytes{};  // by place, of the matches that have a byte there
    std::bitset<kBytes + 1> lengths;      // how long a match can be; the last stands for that and more

    void or_else(const Form& other) {
        for (std::size_t i = 0; i < kBytes; ++i) {
            bytes[i] |= other.bytes[i];
        }
        lengths |= other.lengths;
    }
    void then(const Form& next) {
        std::bitset<kBytes + 1> sums;
        for (std::size_t length = 0; length <= kBytes; ++length) {
            if (!lengths[length]) {
                continue;
            }
            for (std::size_t i = length; i < kBytes; ++i) {
                bytes[i] |= next.bytes[i - length];
            }
            for (std::size_t more = 0; more <= kBytes; ++more) {
                if (next.lengths[more]) {
                    sums.set(std::min(kBytes, length + more));
                }
            }
        }
        lengths = sums;
    }
    // What one form for this and `other` would allow more than either: the less, the more they are alike.
    [[nodiscard]] std::size_t apart(const Form& other) const {
        std::size_t bytes_more = 0;
        for (std::size_t i = 0; i < kBytes; ++i) {
            bytes_more += (bytes[i] ^ other.bytes[i]).count();
        }
        return bytes_more + (lengths == other.lengths ? 0 : 256);
    }
};

// The forms of a part of an expression.
struct First {
    std::vector<Form> forms;

    static First nothing() {
        Form none;
        none.lengths.set(0);
        return {{none}};
    }
    static First one(const ByteSet& set) {
        Form single;
        single.bytes[0] = set;
        single.lengths.set(1);
        return {{single}};
    }
    void or_else(const First& other) {
        for (const Form& form : other.forms) {
            const auto like = std::min_element(forms.begin(), forms.end(), [&form](const Form& a, const Form& b) {
                return a.apart(form) < b.apart(form);
            });
            if (like != forms.end() && (like->apart(form) == 0 || forms.size() == Prefix::kForms)) {
                like->or_else(form);
            } else {
                forms.push_back(form);
            }
        }
    }
    void then(const First& next) {
        First all;
        for (const Form& form : forms) {
            First ways;
            for (const Form& more : next.forms) {
                Form both = form;
                both.then(more);
                ways.forms.push_back(both);
            }
            all.or_else(ways);
        }
        forms = std::move(all.forms);
    }
    // This, `least` to `most` times in a row.
    [[nodiscard]] First repeated(std::size_t least, std::size_t most) const {
        First all = nothing();
        for (std::size_t i = 0; i < std::min(least, kBytes); ++i) {
            all.then(*this);
        }
        First longer = all;
        for (std::size_t i = least; i < std::min(most, least + kBytes); ++i) {
            longer.then(*this);
            all.or_else(longer);
        }
        return all;
    }
};

// Reads the syntax that Hyperscan shares with PCRE as far as packs use it; `failed` is set by anything else.
class Reader {
  public:
    Reader(std::string_view text, bool caseless) : text_(text), caseless_(caseless) {}

    First alternatives() {
        First all;
        do {
            all.or_else(sequence());
        } while (!failed_ && take('|'));
        return all;
    }

    [[nodiscard]] bool failed() const noexcept { return failed_ || at_ != text_.size(); }
    // All bytes that the parts read so far match.
    [[nodiscard]] const ByteSet& seen() const noexcept { return seen_; }

  private:
    [[nodiscard]] bool more() const noexcept { return at_ < text_.size(); }
    [[nodiscard]] char peek() const noexcept { return more() ? text_[at_] : '\0'; }
    bool take(char c) noexcept {
        const bool here = more() && text_[at_] == c;
        at_ += here ? 1 : 0;
        return here;
    }

    First one(const ByteSet& set) {
        seen_ |= set;
        return First::one(set);
    }

    First sequence() {
        First all = First::nothing();
        while (!failed_ && more() && peek() != '|' && peek() != ')') {
            const First next = atom();
            const auto [least, most] = quantifier();
            all.then(next.repeated(least, most));
        }
        return all;
    }

    // What stands before a quantifier.
    First atom() {
        const char c = text_[at_++];
        switch (c) {
            case '(':
                return group();
            case '[':
                return one(bracket());
            case '.':
                return one(ByteSet().set());
            case '^':
            case '$':
                return First::nothing();
            case '\\':
                return escape();
            default:
                return one(letter(static_cast<unsigned char>(c)));
        }
    }

    First group() {
        const bool outer = caseless_;
        if (take('?')) {
            bool on = true;
            while (more() && peek() != ':' && peek() != ')') {
                const char flag = text_[at_++];
                on = flag == '-' ? false : on;
                failed_ = failed_ || (flag != 'i' && flag != 's' && flag != 'm' && flag != '-');
                caseless_ = flag == 'i' ? on : caseless_;
            }
            if (take(')')) {
                return First::nothing();  // (?i): for the rest of the enclosing group
            }
            failed_ = failed_ || !take(':');
        }
        First inside = alternatives();
        failed_ = failed_ || !take(')');
        caseless_ = outer;
        return inside;
    }

    First escape() {
        const char c = more() ? text_[at_++] : '\0';
        switch (c) {
            case 'b':
            case 'B':
            case 'A':
            case 'z':
            case 'Z':
                return First::nothing();
            default:
                return one(escaped(c));
        }
    }

    // The bytes of an escape that stands for one byte, in or out of a class.
    ByteSet escaped(char c) {
        const auto where = [](int (*holds)(int), bool wanted) {
            ByteSet set;
            for (int i = 0; i < 256; ++i) {
                set[static_cast<std::size_t>(i)] = (i < 128 && holds(i) != 0) == wanted;
            }
            return set;
        };
        const auto word = [](int i) { return static_cast<int>(std::isalnum(i) != 0 || i == '_'); };
        switch (c) {
            case 'd':
                return where(&::isdigit, true);
            case 'D':
                return where(&::isdigit, false);
            case 's':
                return where(&::isspace, true);
            case 'S':
                return where(&::isspace, false);
            case 'w':
                return where(+word, true);
            case 'W':
                return where(+word, false);
            case 'n':
                return letter('\n');
            case 'r':
                return letter('\r');
            case 't':
                return letter('\t');
            case 'f':
                return letter('\f');
            case 'v':
                return where(&::isspace, true);
            case 'x':
                return letter(hex_byte());
            default:
                failed_ = failed_ || c == '\0' || std::isalnum(static_cast<unsigned char>(c)) != 0;
                return letter(static_cast<unsigned char>(c));
        }
    }

    unsigned char hex_byte() {
        unsigned value = 0;
        for (int i = 0; i < 2; ++i) {
            const char c = more() ? text_[at_++] : '\0';
            failed_ = failed_ || std::isxdigit(static_cast<unsigned char>(c)) == 0;
            value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        return static_cast<unsigned char>(value & 0xFFU);
    }

    ByteSet bracket() {
        const bool negated = take('^');
        ByteSet set;
        bool begun = false;
        while (!failed_ && more() && (peek() != ']' || !begun)) {
            begun = true;
            char c = text_[at_++];
            if (c == '[' && peek() == ':') {
                failed_ = true;  // POSIX classes are not read
                break;
            }
            ByteSet one;
            bool single = true;
            if (c == '\\') {
                c = more() ? text_[at_++] : '\0';
                one = c == 'b' ? letter('\b') : escaped(c);
                single = one.count() <= 2;
            } else {
                one = letter(static_cast<unsigned char>(c));
            }
            if (single && peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
                ++at_;
                one |= range_from(one);
            }
            set |= one;
        }
        failed_ = failed_ || !take(']');
        return negated ? ~set : set;
    }

    // Bytes from the single one in `low` to the one that comes next in the text; both cases of letters where caseless.
    ByteSet range_from(const ByteSet& low) {
        char c = text_[at_++];
        ByteSet high;
        if (c == '\\') {
            c = more() ? text_[at_++] : '\0';
            high = escaped(c);
        } else {
            high.set(static_cast<unsigned char>(c));
        }
        // Where caseless, a single letter stands as two bytes; from the lesser of both to the greater is a superset.
        std::size_t first = 0;
        std::size_t last = 255;
        while (first < 256 && !low[first]) {
            ++first;
        }
        while (last > 0 && !high[last]) {
            --last;
        }
        ByteSet set;
        for (std::size_t i = first; i <= last && i < 256; ++i) {
            set |= letter(static_cast<unsigned char>(i));
        }
        return set;
    }

    ByteSet letter(unsigned char c) const {
        ByteSet set;
        set.set(c);
        if (caseless_ && c < 0x80 && std::isalpha(c) != 0) {
            set.set(c ^ 0x20U);
        }
        return set;
    }

    // Reads the quantifier here, if any: how often at least and at most.
    std::pair<std::size_t, std::size_t> quantifier() {
        constexpr std::size_t kNoLimit = ~std::size_t{0};
        std::pair<std::size_t, std::size_t> times{1, 1};
        bool found = true;
        if (take('?')) {
            times = {0, 1};
        } else if (take('*')) {
            times = {0, kNoLimit};
        } else if (take('+')) {
            times = {1, kNoLimit};
        } else if (take('{')) {
            times.first = number();
            times.second = take(',') ? (peek() == '}' ? kNoLimit : number()) : times.first;
            failed_ = failed_ || !take('}');
        } else {
            found = false;
        }
        if (found && (peek() == '?' || peek() == '+')) {
            ++at_;  // lazy or possessive: the same bytes
        }
        return times;
    }

    std::size_t number() noexcept {
        std::size_t value = 0;
        bool any = false;
        for (; more() && std::isdigit(static_cast<unsigned char>(peek())) != 0; any = true) {
            value = std::min<std::size_t>(value * 10 + static_cast<std::size_t>(text_[at_++] - '0'), 1U << 16U);
        }
        failed_ = failed_ || !any;
        return value;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool caseless_;
    bool failed_ = false;
    ByteSet seen_;
};

}  // namespace

bool has_start_anchor(std::string_view expression) noexcept {
    bool in_class = false;
    for (std::size_t i = 0; i < expression.size(); ++i) {
        const char c = expression[i];
        if (c == '\\') {
            ++i;
        } else if (in_class) {
            in_class = c != ']';
        } else if (c == '[') {
            in_class = true;
            i += i + 1 < expression.size() && expression[i + 1] == '^' ? 1 : 0;  // a negated class
            i += i + 1 < expression.size() && expression[i + 1] == ']' ? 1 : 0;  // a first ] is a member
        } else if (c == '^') {
            return true;
        }
    }
    return false;
}

MatchBytes match_bytes(std::string_view expression, bool caseless) {
    Reader reader(expression, caseless);
    First first = reader.alternatives();
    MatchBytes bytes{{}, reader.seen()};
    if (reader.failed()) {
        first = First::nothing();
        bytes.inside.set();
    }
    for (std::size_t f = 0; f < first.forms.size(); ++f) {
        const Form& form = first.forms[f];
        bool shorter = false;  // a match that is shorter has anything behind it
        for (std::size_t i = 0; i < kBytes; ++i) {
            shorter = shorter || form.lengths[i];
            for (std::size_t byte = 0; byte < 256; ++byte) {
                const unsigned allowed = shorter || form.bytes[i][byte] ? 1U : 0U;
                std::uint8_t& forms = bytes.first.forms[i][byte];
                forms = static_cast<std::uint8_t>(forms | allowed << f);
            }
        }
    }
    return bytes;
}

}  // namespace fastguard

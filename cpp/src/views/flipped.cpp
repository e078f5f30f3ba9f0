// Upside-down text: turned letters as the letters they look like.
#include "fastguard/views.h"

#include "characters.h"

#include <algorithm>
#include <array>
#include <bit>

namespace fastguard {
namespace {

// Different turned letters that are a clue. One or two of them belong to honest alphabets.
constexpr int kLeastTurned = 3;

struct Turned {
    char32_t shown;
    char letter;
};

// Turned letters beyond ASCII, by code point. ASCII has others, which look like letters the right way up as well.
constexpr std::array<Turned, 50> kTurned = {{
    {0x0131, 'i'}, {0x0183, 'g'}, {0x018D, 'g'}, {0x018E, 'e'}, {0x0186, 'c'}, {0x01DD, 'e'}, {0x0245, 'v'},
    {0x0250, 'a'}, {0x0252, 'a'}, {0x0253, 'g'}, {0x0254, 'c'}, {0x0258, 'e'}, {0x0259, 'e'}, {0x025F, 'f'},
    {0x0260, 'g'}, {0x0265, 'h'}, {0x026F, 'm'}, {0x0270, 'm'}, {0x0279, 'r'}, {0x027E, 'j'}, {0x0281, 'r'},
    {0x0283, 'l'}, {0x0287, 't'}, {0x028C, 'v'}, {0x028D, 'w'}, {0x028E, 'y'}, {0x029E, 'k'}, {0x02D9, '.'},
    {0x0500, 'p'}, {0x05DF, 'l'}, {0x1D09, 'i'}, {0x1D1A, 'r'}, {0x1D1F, 'm'}, {0x1D77, 'g'}, {0x2132, 'f'},
    {0x2141, 'g'}, {0x2142, 'l'}, {0x2143, 'l'}, {0x2144, 'y'}, {0x214E, 'f'}, {0x2200, 'a'}, {0x2203, 'e'},
    {0x2229, 'u'}, {0x22A5, 't'}, {0x2C6F, 'a'}, {0x2C7B, 'e'}, {0xA4D5, 't'}, {0xA4F6, 'g'}, {0xA4E4, 'p'},
    {0xA7B0, 'k'},
}};
static_assert(kTurned.size() == 50);

char turned_ascii(char c) noexcept {
    constexpr std::string_view kFrom = "bdnpqu69()[]{}<>,'";
    constexpr std::string_view kTo = "qpudbn96)(][}{><',";
    const std::size_t at = kFrom.find(c);
    return at == std::string_view::npos ? c : kTo[at];
}

// The letters of kTurned by code point, for the blocks of 256 that have any: a text may be all in one of those.
class TurnedTable {
  public:
    constexpr TurnedTable() {
        for (const Turned& turned : kTurned) {
            std::uint8_t& slot = slots_[turned.shown >> 8U];
            slot = slot == 0 ? ++used_ : slot;
            letters_[std::size_t{slot} * 256 + (turned.shown & 255U)] = turned.letter;
        }
    }
    [[nodiscard]] constexpr char operator[](char32_t cp) const noexcept {
        return cp > 0xFFFF ? '\0' : letters_[std::size_t{slots_[cp >> 8U]} * 256 + (cp & 255U)];
    }

  private:
    std::array<std::uint8_t, 256> slots_{};
    std::array<char, 16 * std::size_t{256}> letters_{};  // slot 0 has none
    std::uint8_t used_ = 0;
};
constexpr TurnedTable kTurnedTable;

char turned_letter(char32_t cp) noexcept { return kTurnedTable[cp]; }

// Letters of Turkish, Azerbaijani and others.
bool is_honest(char32_t cp) noexcept { return cp == 0x0131 || cp == 0x0259 || cp == 0x0254; }

// Whether a turned letter may begin with this byte; of most scripts, none does.
constexpr auto kTurnedLeads = [] {
    std::array<bool, 256> leads{};
    for (const Turned& turned : kTurned) {
        leads[turned.shown < 0x800 ? 0xC0U | turned.shown >> 6U : 0xE0U | turned.shown >> 12U] = true;
    }
    return leads;
}();

// The first byte at `at` or behind it that a turned letter may begin with; the size of the text where there is none.
std::size_t next_lead(const Reading& reading, std::size_t at) noexcept {
    const std::string_view text = reading.raw.bytes;
    const auto is_lead = [&text](std::size_t i) { return kTurnedLeads[static_cast<unsigned char>(text[i])]; };
    while (at < text.size()) {
        const std::size_t block = at / kBlockBytes;
        const std::uint64_t high = reading.raw_masks.high[block] >> (at % kBlockBytes);
        if (high == 0) {
            at = (block + 1) * kBlockBytes;
            continue;
        }
        at += static_cast<std::size_t>(std::countr_zero(high));
        for (std::size_t i = 0; i < 8 && at < text.size(); ++i, ++at) {
            if (is_lead(at)) {
                return at;
            }
        }
    }
    return text.size();
}

bool put(Children& children, const views::Character& character) {
    const auto [cp, begin, end] = character;
    if (cp < 0x80) {
        return children.put_byte(turned_ascii(static_cast<char>(cp)), begin, end);
    }
    const char letter = turned_letter(cp);
    return letter != '\0' ? children.put_byte(letter, begin, end) : children.put_code_point(cp, begin, end);
}

}  // namespace

void make_flipped(const Reading& reading, Children& children) {
    const std::string_view text = reading.raw.bytes;
    if (reading.ascii) {
        return;
    }
    std::uint32_t turned = 0;  // a bit per letter
    for (std::size_t at = next_lead(reading, 0); at < text.size() && std::popcount(turned) < kLeastTurned;) {
        const views::Character character = views::character_at(text, at);
        const char letter = is_honest(character.code_point) ? '\0' : turned_letter(character.code_point);
        turned |= letter >= 'a' ? 1U << static_cast<unsigned>(letter - 'a') : 0U;
        at = next_lead(reading, character.end);
    }
    if (std::popcount(turned) < kLeastTurned) {
        return;
    }
    if (children.open(ViewKind::flipped)) {
        views::Character character{};
        for (std::size_t end = text.size(); end > 0; end = character.begin) {
            character = views::character_before(text, end);
            if (!put(children, character)) {
                break;
            }
        }
        children.close(text);
    }
    // Letters may be turned one by one, with the order kept.
    if (children.open(ViewKind::flipped)) {
        for (std::size_t at = 0; at < text.size();) {
            const views::Character character = views::character_at(text, at);
            if (!put(children, character)) {
                break;
            }
            at = character.end;
        }
        children.close(text);
    }
}

}  // namespace fastguard

// Text in the order in which it is displayed, as far as overrides decide it.
//
// Levels as in the Unicode Bidirectional Algorithm (UAX #9, X1 to X8, L2), of explicit controls alone: what stands in a
// right-to-left override is shown from its end, embeddings and isolates in it turn again. Text of right-to-left scripts
// without overrides is left as it is: its readers see it in the order of the bytes.
#include "fastguard/views.h"

#include "characters.h"

#include <algorithm>
#include <array>

namespace fastguard {
namespace {

constexpr std::string_view kOverride = "\xe2\x80\xae";                    // U+202E
constexpr std::string_view kTurnedIsolates = "\xe2\x81\xa7\xe2\x81\xa6";  // U+2067 U+2066
constexpr std::size_t kMaxNesting = 16;

struct Frame {
    std::uint8_t level;
    bool isolate;
};

// Gives each byte the level of its character.
class Levels {
  public:
    explicit Levels(std::uint8_t* levels) noexcept : levels_(levels) {}

    // `holds_isolates`: what follows is another isolate.
    void add(const views::Character& character, bool holds_isolates = false) noexcept {
        const std::uint8_t outside = frames_[depth_].level;
        switch (character.code_point) {
            case 0x202A:  // embedding, left to right
            case 0x202D:  // override
                push(false, false);
                break;
            case 0x2066:  // isolate
            case 0x2068:
                push(false, true);
                break;
            case 0x202E:
                push(true, false);
                break;
            case 0x202B:  // right to left without an override: its words are shown as they are
                push(false, false);
                break;
            case 0x2067:  // but isolates in it, if it holds nothing else, from the last to the first
                push(holds_isolates, true);
                break;
            case 0x202C:
                if (too_deep_ > 0) {
                    --too_deep_;
                } else if (depth_ > 0 && !frames_[depth_].isolate) {
                    --depth_;
                }
                break;
            case 0x2069:
                pop_isolate();
                break;
            case '\n':
                depth_ = 0;
                too_deep_ = 0;
                break;
            default:
                break;
        }
        // The control that begins an isolate stands outside of it, and keeps it apart from the next one.
        const bool begins = character.code_point >= 0x2066 && character.code_point <= 0x2068;
        std::fill(levels_ + character.begin, levels_ + character.end, begins ? outside : frames_[depth_].level);
    }

  private:
    void push(bool turns, bool isolate) noexcept {
        if (depth_ + 1 == frames_.size()) {
            ++too_deep_;
            return;
        }
        const std::uint8_t level = frames_[depth_].level;
        const bool odd = level % 2 != 0;
        frames_[++depth_] = {static_cast<std::uint8_t>(level + (turns != odd ? 1U
                                                                : turns      ? 2U
                                                                : isolate    ? 2U
                                                                             : 0U)),
                             isolate};
    }

    void pop_isolate() noexcept {
        if (too_deep_ > 0) {
            --too_deep_;
            return;
        }
        std::size_t at = depth_;
        while (at > 0 && !frames_[at].isolate) {
            --at;
        }
        depth_ = at > 0 ? at - 1 : depth_;
    }

    std::uint8_t* levels_;
    std::array<Frame, kMaxNesting> frames_{};
    std::size_t depth_ = 0;
    std::size_t too_deep_ = 0;
};

bool is_control(char32_t cp) noexcept { return (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069); }

// Turns every run of at least `level` around, from the highest level to the first (rule L2).
void reorder(std::span<std::uint32_t> line, const std::uint8_t* levels) noexcept {
    std::uint8_t highest = 0;
    for (const std::uint32_t at : line) {
        highest = std::max(highest, levels[at]);
    }
    for (std::uint8_t level = highest; level > 0; --level) {
        for (auto begin = line.begin(); begin != line.end();) {
            const auto below = [&](std::uint32_t at) { return levels[at] < level; };
            begin = std::find_if_not(begin, line.end(), below);
            const auto end = std::find_if(begin, line.end(), below);
            std::reverse(begin, end);
            begin = end;
        }
    }
}

}  // namespace

void make_visual(const Reading& reading, ViewScratch& scratch, Children& children) {
    const std::string_view text = reading.raw.bytes;
    const auto has = [text](std::string_view control) { return text.find(control) != std::string_view::npos; };
    if (reading.stats.bidi_controls == 0 || (!has(kOverride) && !has(kTurnedIsolates)) ||
        !children.open(ViewKind::visual)) {
        return;
    }
    std::uint8_t* levels = scratch.levels.reserve(text.size());
    std::uint32_t* order = scratch.order.reserve(text.size());
    Levels assign(levels);
    bool room = true;
    for (std::size_t begin = 0; begin < text.size() && room;) {
        const std::size_t end = std::min(text.size(), text.find('\n', begin));
        std::size_t count = 0;
        for (std::size_t at = begin; at < end;) {
            const views::Character character = views::character_at(text, at);
            assign.add(character, text.substr(at, kTurnedIsolates.size()) == kTurnedIsolates);
            order[count++] = static_cast<std::uint32_t>(at);
            at = character.end;
        }
        const std::span<std::uint32_t> line(order, count);
        reorder(line, levels);
        for (const std::uint32_t at : line) {
            const views::Character character = views::character_at(text, at);
            if (!is_control(character.code_point)) {
                room = room && children.put_code_point(character.code_point, at, character.end);
            }
        }
        if (end < text.size()) {
            levels[end] = 0;
            assign.add({'\n', end, end + 1});
            room = room && children.put_byte('\n', end, end + 1);
        }
        begin = end + 1;
    }
    children.close(text);
}

}  // namespace fastguard

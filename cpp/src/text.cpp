#include "fastguard/text.h"

#include "fastguard/transcode.h"

#include <algorithm>

namespace fastguard {
namespace {

constexpr std::size_t kUnitStep = 4096;  // code points that are transcoded in one go

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

TextPlace place_after(const TextPlace& from, std::string_view bytes) noexcept {
    return {from.byte + bytes.size(), from.code_point + count_code_points(bytes),
            from.utf16 + count_utf16_units(bytes)};
}

// Lone surrogates among the units from `begin` on whose UTF-8 is `bytes`.
std::size_t count_surrogates(const Text& text, std::size_t begin, std::string_view bytes) noexcept {
    const auto count = [&](const auto* units) {
        const auto* first = units + begin;
        return static_cast<std::size_t>(std::count_if(first, first + count_code_points(bytes), [](auto unit) {
            return (static_cast<std::uint32_t>(unit) & 0xFFFFF800U) == 0xD800U;
        }));
    };
    return text.kind == TextKind::ucs2   ? count(static_cast<const std::uint16_t*>(text.data))
           : text.kind == TextKind::ucs4 ? count(static_cast<const std::uint32_t*>(text.data))
                                         : 0;
}

}  // namespace

std::size_t transcode(const Text& text, std::size_t begin, std::size_t count, char* out,
                      std::size_t& surrogates) noexcept {
    switch (text.kind) {
        case TextKind::latin1:
            return utf8_from_latin1(static_cast<const std::uint8_t*>(text.data) + begin, count, out);
        case TextKind::ucs2:
            return utf8_from_ucs2(static_cast<const std::uint16_t*>(text.data) + begin, count, out, surrogates);
        default:
            return utf8_from_ucs4(static_cast<const std::uint32_t*>(text.data) + begin, count, out, surrogates);
    }
}

std::size_t cut_before(const char* bytes, std::size_t at, std::size_t lowest) noexcept {
    const std::size_t reach = std::max(lowest, at - std::min(at, kCutWindow));
    for (std::size_t i = at; i > reach; --i) {
        if (is_space(bytes[i])) {
            return i;
        }
    }
    // A valid character has at most three continuation bytes; where no lead byte reaches over `at`, the bytes around it
    // are invalid and may be parted.
    std::size_t i = at;
    for (int back = 0; back < 3 && i > lowest && (static_cast<unsigned char>(bytes[i]) & 0xC0U) == 0x80U; ++back) {
        --i;
    }
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return i + length > at ? i : at;
}

SegmentCut cut_segment(std::string_view rest, std::uint64_t allowed) noexcept {
    const bool truncated = rest.size() > allowed;
    if (truncated) {
        rest = rest.substr(0, allowed == 0 ? 0 : cut_before(rest.data(), static_cast<std::size_t>(allowed), 0));
    }
    if (rest.size() <= kSegmentBytes + kOverlapBytes) {
        return {rest.size(), rest.size(), true, truncated};
    }
    const std::size_t end = cut_before(rest.data(), kSegmentBytes, kSegmentBytes / 2);
    return {end, cut_before(rest.data(), end - kOverlapBytes, end - 2 * kOverlapBytes), false, false};
}

SegmentReader::SegmentReader(const Text& text, std::uint64_t max_bytes, Buffer<char>& buffer) noexcept
    : text_(text), max_bytes_(max_bytes), buffer_(buffer) {}

std::string_view SegmentReader::look_ahead() {
    if (text_.is_bytes()) {
        return {static_cast<const char*>(text_.data) + at_, text_.units - at_};
    }
    char* out = buffer_.reserve(kCutLookahead + 4 * kUnitStep + kTranscodeSlack);
    std::size_t size = 0;
    std::size_t surrogates = 0;
    for (std::size_t unit = at_; unit < text_.units && size < kCutLookahead;) {
        const std::size_t count = std::min(kUnitStep, text_.units - unit);
        size += transcode(text_, unit, count, out + size, surrogates);
        unit += count;
    }
    return {out, size};
}

bool SegmentReader::next(Segment& segment) {
    if (done_) {
        return false;
    }
    const std::string_view rest = look_ahead();
    const SegmentCut cut = cut_segment(rest, max_bytes_ - place_.byte);
    segment.raw = rest.substr(0, cut.end);
    segment.begin = place_;
    segment.first = !started_;
    segment.last = cut.last;
    segment.surrogates = count_surrogates(text_, at_, segment.raw);
    started_ = true;
    done_ = cut.last;
    truncated_ = cut.truncated;
    const std::string_view passed = rest.substr(0, cut.next);
    if (text_.kind == TextKind::ascii) {
        place_ = {place_.byte + passed.size(), place_.code_point + passed.size(), place_.utf16 + passed.size()};
    } else if (!done_) {
        place_ = place_after(place_, passed);
    }
    at_ += text_.is_bytes() ? passed.size() : count_code_points(passed);
    return true;
}

TextPlace place_in(const Segment& segment, std::size_t at) noexcept {
    return place_after(segment.begin, segment.raw.substr(0, at));
}

}  // namespace fastguard

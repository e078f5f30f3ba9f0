#include "fastguard/text.h"

#include "fastguard/transcode.h"

#include <algorithm>

namespace fastguard {
namespace {

constexpr std::size_t kUnitSegment = kSegmentBytes / 3;  // code points; at most 4 bytes each
constexpr std::size_t kUnitOverlap = kOverlapBytes / 3;
constexpr std::size_t kCutWindow = 512;  // how far a cut looks for a space

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

// A cut at or a little before `at`: before a space if there is one in reach, else on the border of a character.
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

TextPlace place_after(const TextPlace& from, std::string_view bytes) noexcept {
    return {from.byte + bytes.size(), from.code_point + count_code_points(bytes),
            from.utf16 + count_utf16_units(bytes)};
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

SegmentReader::SegmentReader(const Text& text, std::uint64_t max_bytes, Buffer<char>& buffer) noexcept
    : text_(text), buffer_(buffer) {
    if (text_.units > max_bytes) {
        truncated_ = true;
        text_.units = static_cast<std::size_t>(max_bytes);
        if (text_.kind == TextKind::utf8 && text_.units > 0) {
            text_.units = cut_before(static_cast<const char*>(text_.data), text_.units, 0);
        }
    }
}

bool SegmentReader::next(Segment& segment) {
    if (done_) {
        return false;
    }
    segment.first = !started_;
    started_ = true;
    return text_.is_bytes() ? next_bytes(segment) : next_units(segment);
}

bool SegmentReader::next_bytes(Segment& segment) noexcept {
    const char* bytes = static_cast<const char*>(text_.data);
    const std::size_t left = text_.units - at_;
    segment.begin = place_;
    segment.surrogates = 0;
    if (left <= kSegmentBytes + kOverlapBytes) {
        segment.raw = {bytes + at_, left};
        segment.last = true;
        done_ = true;
        return true;
    }
    const std::size_t end = cut_before(bytes, at_ + kSegmentBytes, at_ + kSegmentBytes / 2);
    segment.raw = {bytes + at_, end - at_};
    segment.last = false;
    const std::size_t next = cut_before(bytes, end - kOverlapBytes, end - 2 * kOverlapBytes);
    const std::string_view passed(bytes + at_, next - at_);
    if (text_.kind == TextKind::ascii) {
        place_ = {place_.byte + passed.size(), place_.code_point + passed.size(), place_.utf16 + passed.size()};
    } else {
        place_ = place_after(place_, passed);
    }
    at_ = next;
    return true;
}

bool SegmentReader::next_units(Segment& segment) {
    const std::size_t left = text_.units - at_;
    const bool last = left <= kUnitSegment + kUnitOverlap;
    const std::size_t count = last ? left : kUnitSegment;
    char* out = buffer_.reserve(4 * (kUnitSegment + kUnitOverlap) + kTranscodeSlack);
    segment.surrogates = 0;
    segment.raw = {out, transcode(text_, at_, count, out, segment.surrogates)};
    segment.begin = place_;
    segment.last = last;
    if (last) {
        done_ = true;
        return true;
    }
    // The next segment begins at a character about kUnitOverlap before this one's end: find its byte from the back.
    std::size_t byte = segment.raw.size();
    std::size_t back = 0;
    while (back < kUnitOverlap + kCutWindow) {
        --byte;
        back += (static_cast<unsigned char>(out[byte]) & 0xC0U) != 0x80U;
        if (back >= kUnitOverlap && is_space(out[byte])) {
            break;
        }
    }
    while ((static_cast<unsigned char>(out[byte]) & 0xC0U) == 0x80U) {
        --byte;
    }
    const std::string_view passed(out, byte);
    place_ = place_after(place_, passed);
    at_ += count_code_points(passed);
    return true;
}

TextPlace place_in(const Segment& segment, std::size_t at) noexcept {
    return place_after(segment.begin, segment.raw.substr(0, at));
}

}  // namespace fastguard

// What reads like text in decoded bytes, and where a piece of text may be cut.
#include "codes.h"

#include <algorithm>

namespace fastguard::decoding {
namespace {

constexpr std::size_t kSnap = 64;
constexpr std::size_t kSurely = 24;

bool is_boundary(char c) noexcept { return is(c, kBlank); }
bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

void Stretches::begin(std::size_t at) noexcept {
    begin_ = at;
    characters_ = letters_ = plain_ = nuls_ = nuls_in_row_ = pending_ = 0;
}

void Stretches::end(std::size_t at) noexcept {
    const std::size_t until = pending_ > 0 ? character_ : at;
    // Of 16-bit units nearly every second byte is NUL; a few NULs in other bytes are none of it.
    const bool units = nuls_ == 0 || nuls_ * 4 >= characters_ * 3;
    // So many printable characters in a row come from no noise, whatever they are (digits of a code within the code).
    const bool wordy = letters_ * 5 >= characters_ * 2 && plain_ * 5 >= characters_ * 3;
    if (units && characters_ >= least_ && (wordy || characters_ >= kSurely)) {
        readable_ += until - begin_;
        if (count_ < kMost) {
            found_[count_++] = {begin_, until};
        } else {
            found_[kMost - 1] = {begin_, until};
        }
    }
}

void Stretches::add_ascii(unsigned char byte) noexcept {
    const char c = static_cast<char>(byte);
    if (byte == 0) {
        ++nuls_;
        if (++nuls_in_row_ > 1 || characters_ == 0) {
            end(at_ - (nuls_in_row_ - 1));
            begin(at_ + 1);
        }
    } else if (is(c, kPrint | kBlank)) {
        nuls_in_row_ = 0;
        ++characters_;
        letters_ += is(c, kLower | kUpper) ? 1 : 0;
        plain_ += is(c, kAlnum | kBlank) ? 1 : 0;
    } else {
        end(at_);
        begin(at_ + 1);
    }
}

void Stretches::add(unsigned char byte) noexcept {
    if (pending_ > 0) {
        if (byte >= least_next_ && byte <= most_next_) {
            least_next_ = 0x80;
            most_next_ = 0xBF;
            if (--pending_ == 0) {
                ++characters_;
                ++letters_;
                ++plain_;
            }
            ++at_;
            return;
        }
        end(at_);
        begin(at_);
    }
    if (byte < 0x80) {
        add_ascii(byte);
    } else if (byte >= 0xC2 && byte <= 0xF4) {
        pending_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        character_ = at_;
        least_next_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
        most_next_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
        nuls_in_row_ = 0;
    } else {
        end(at_);
        begin(at_ + 1);
    }
    ++at_;
}

std::size_t context_begin(std::string_view text, std::size_t at) noexcept {
    std::size_t begin = at > kContext ? at - kContext : 0;
    const std::size_t limit = std::min(at, begin + kSnap);
    for (std::size_t i = begin; begin > 0 && i < limit; ++i) {
        if (is_boundary(text[i])) {
            return i;
        }
    }
    while (begin < at && is_continuation(text[begin])) {
        ++begin;
    }
    return begin;
}

std::size_t context_end(std::string_view text, std::size_t at) noexcept {
    std::size_t end = std::min(text.size(), at + kContext);
    const std::size_t limit = std::max(at, end - std::min(end, kSnap));
    for (std::size_t i = end; end < text.size() && i > limit; --i) {
        if (is_boundary(text[i - 1])) {
            return i - 1;
        }
    }
    while (end < text.size() && end > at && is_continuation(text[end])) {
        --end;
    }
    return end;
}

}  // namespace fastguard::decoding

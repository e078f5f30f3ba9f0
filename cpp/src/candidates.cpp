#include "fastguard/candidates.h"

#include <bit>
#include <cstring>

#include "candidates_grammar.h"

namespace fastguard {
namespace {

constexpr std::uint64_t kDigitEntities = validator_bit(ValidatorId::luhn_card) | validator_bit(ValidatorId::us_ssn) |
                                         validator_bit(ValidatorId::phone_e164) | validator_bit(ValidatorId::ipv4) |
                                         validator_bit(ValidatorId::iban) | validator_bit(ValidatorId::mac);
constexpr std::uint64_t kColonEntities = validator_bit(ValidatorId::ipv6) | validator_bit(ValidatorId::mac);

// 64 bits of a mask from any position on.
std::uint64_t window(const std::uint64_t* mask, std::size_t blocks, std::size_t position) noexcept {
    const std::size_t word = position / 64;
    const std::size_t shift = position % 64;
    std::uint64_t bits = mask[word] >> shift;
    if (shift != 0 && word + 1 < blocks) bits |= mask[word + 1] << (64 - shift);
    return bits;
}

// Place of a validator in the order of the header comment: the smaller wins at one begin.
constexpr unsigned rank(ValidatorId id) noexcept {
    switch (id) {
        case ValidatorId::email:
            return 0;
        case ValidatorId::ipv6:
            return 1;
        case ValidatorId::mac:
            return 2;
        case ValidatorId::iban:
            return 3;
        case ValidatorId::luhn_card:
            return 4;
        case ValidatorId::us_ssn:
            return 5;
        case ValidatorId::phone_e164:
            return 6;
        default:
            return 7;
    }
}

class Finder {
  public:
    Finder(std::string_view text, const CandidateMasks& masks, std::uint64_t wanted, std::span<Candidate> out) noexcept
        : text_(text), masks_(masks), wanted_(wanted), out_(out) {}

    std::size_t run(bool& truncated) noexcept {
        const bool digits = (wanted_ & kDigitEntities) != 0;
        const bool colons = (wanted_ & kColonEntities) != 0;
        const bool ats = wants(ValidatorId::email);
        std::uint64_t carry = 0;  // the last byte of the block before was a digit
        for (std::size_t block = 0; block < masks_.blocks; ++block) {
            const std::uint64_t digit = digits ? masks_.digit[block] : 0;
            const std::uint64_t at = ats ? masks_.at[block] : 0;
            const std::uint64_t colon = colons ? masks_.colon[block] : 0;
            std::uint64_t events = (digit & ~(digit << 1 | carry)) | at | colon;
            carry = digit >> 63;
            for (; events != 0; events &= events - 1) {
                const auto bit = static_cast<unsigned>(std::countr_zero(events));
                const std::size_t position = block * 64 + bit;
                if (position < free_) continue;
                if ((at >> bit & 1U) != 0)
                    at_sign(position);
                else if ((colon >> bit & 1U) != 0)
                    at_colon(position);
                else
                    at_number(position);
                if (overflow_) {
                    truncated = true;
                    return count_;
                }
            }
        }
        return count_;
    }

  private:
    bool wants(ValidatorId id) const noexcept { return (wanted_ & validator_bit(id)) != 0; }

    // Takes an entity by the rule of the header: earlier begin first, then rank; whatever overlaps is dropped.
    void emit(ValidatorId id, candidate::Range range) noexcept {
        while (count_ != 0) {
            const Candidate& last = out_[count_ - 1];
            const bool before =
                range.begin < last.begin || (range.begin == last.begin && rank(id) < rank(last.accepted));
            if (!before) break;
            --count_;
        }
        if (count_ != 0 && out_[count_ - 1].end > range.begin) return;
        if (count_ == out_.size()) {
            overflow_ = true;
            return;
        }
        out_[count_++] = {candidate_kind(id), static_cast<std::uint32_t>(range.begin),
                          static_cast<std::uint32_t>(range.end), id};
        free_ = range.end;
    }

    void at_sign(std::size_t at) noexcept {
        if (const auto found = candidate::email_at(text_, at); found) emit(ValidatorId::email, found);
    }

    void at_colon(std::size_t colon) noexcept {
        if (colon < tried_) return;
        // Two colons at most five bytes apart, hexadecimal after the first: rare outside addresses and times.
        if ((window(masks_.colon, masks_.blocks, colon) & 0x3E) == 0) return;
        ValidatorId id = ValidatorId::none;
        const auto found =
            candidate::colon_address(text_, colon, wants(ValidatorId::ipv6), wants(ValidatorId::mac), id, tried_);
        if (found) emit(id, found);
    }

    // Most numbers are years, counts and decimals: each entity is called on only when its shape is there.
    void at_number(std::size_t start) noexcept {
        const std::uint64_t run = window(masks_.digit, masks_.blocks, start);
        const auto length = static_cast<std::size_t>(std::countr_one(run));
        const char before = start == 0 ? ' ' : text_[start - 1];
        if (length <= 4 && near_mac_separator(start) && wants(ValidatorId::mac))
            try_one(ValidatorId::mac, candidate::plain_mac(text_, start));
        if (length >= 2 && candidate::is_letter(before) && wants(ValidatorId::iban))
            try_one(ValidatorId::iban, candidate::iban_at(text_, start));
        if ((before == '+' || (length >= 2 && text_[start] == '0' && text_[start + 1] == '0')) &&
            wants(ValidatorId::phone_e164))
            try_one(ValidatorId::phone_e164, candidate::phone_at(text_, start));
        if (start < free_) return;
        // A card: at least 13 digits in the 23 bytes that 19 digits and four separators take.
        if (std::popcount(run & 0x7FFFFF) >= 13 && wants(ValidatorId::luhn_card))
            try_one(ValidatorId::luhn_card, candidate::card_at(text_, start));
        if ((run & 0xFFF) == 0x7B7 && start >= free_ && wants(ValidatorId::us_ssn))  // ddd-dd-dddd
            try_one(ValidatorId::us_ssn, candidate::ssn_at(text_, start));
        if (four_short_numbers(run) && text_[start + length] == '.' && start >= free_ && wants(ValidatorId::ipv4))
            try_one(ValidatorId::ipv4, candidate::ipv4_at(text_, start));
    }

    // Four runs of one to three digits, one byte apart.
    static bool four_short_numbers(std::uint64_t run) noexcept {
        for (unsigned octet = 0; octet < 3; ++octet) {
            const auto length = static_cast<unsigned>(std::countr_one(run));
            if (length - 1U > 2U) return false;
            run >>= length + 1;
        }
        return (run & 1U) != 0;
    }

    // A '-' or '.' among the four bytes before and the four after the first digit of a group.
    bool near_mac_separator(std::size_t start) const noexcept {
        if (start < 4 || start + 5 > text_.size()) return true;
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, text_.data() + start - 4, 4);
        std::uint64_t after = 0;
        std::memcpy(&after, text_.data() + start + 1, 4);
        bytes |= after << 32;
        return has_byte(bytes, '-') || has_byte(bytes, '.');
    }

    static bool has_byte(std::uint64_t bytes, char c) noexcept {
        constexpr std::uint64_t kOnes = 0x0101010101010101U;
        const std::uint64_t x = bytes ^ (kOnes * static_cast<unsigned char>(c));
        return ((x - kOnes) & ~x & (kOnes << 7)) != 0;
    }

    void try_one(ValidatorId id, candidate::Range found) noexcept {
        if (found) emit(id, found);
    }

    std::string_view text_;
    const CandidateMasks& masks_;
    std::uint64_t wanted_;
    std::span<Candidate> out_;
    std::size_t count_ = 0;
    std::size_t free_ = 0;   // end of the last entity taken
    std::size_t tried_ = 0;  // end of the last run of [0-9a-f:.] that was judged as a whole
    bool overflow_ = false;
};

}  // namespace

CandidateKind candidate_kind(ValidatorId id) noexcept {
    switch (id) {
        case ValidatorId::email:
            return CandidateKind::email;
        case ValidatorId::ipv6:
            return CandidateKind::ipv6;
        case ValidatorId::iban:
            return CandidateKind::iban;
        case ValidatorId::mac:
            return CandidateKind::mac;
        default:
            return CandidateKind::digits;
    }
}

std::size_t find_candidates(std::string_view text, const CandidateMasks& masks, std::uint64_t wanted,
                            std::span<Candidate> out, bool& truncated) noexcept {
    return Finder(text, masks, wanted, out).run(truncated);
}

}  // namespace fastguard

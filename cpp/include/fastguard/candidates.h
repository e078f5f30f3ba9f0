// Candidates: entities that have no literal to anchor a pattern (cards, addresses, numbers), found from bit masks.
//
// The block classifier has already looked at every byte of the text and left one bit per byte and class. The finder
// walks the set bits only, so a text without digits, '@' and ':' costs a read of its masks. What it finds is validated
// (validators.h) and stands between word boundaries, and not inside a longer number, hash, version or URL.
//
// Which of two overlapping entities is reported: the one that begins first; where both begin at the same byte, in the
// order email, ipv6, mac, iban, luhn_card, us_ssn, phone_e164, ipv4. Entities of one result never overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "fastguard/validators.h"

namespace fastguard {

// The finder that a signature names (`candidate = "digits"`); `digits` stands for luhn_card, us_ssn, phone_e164, ipv4;
// `format` is not found here but by identifiers.h.
// `protected_text` and `canary` by protected.h, `link` by links.h, `load` by load.h.
enum class CandidateKind : std::uint8_t { digits, email, ipv6, iban, mac, format, protected_text, canary, link, load };

struct Candidate {
    CandidateKind kind;
    std::uint32_t begin, end;  // bytes of the text, half open
    ValidatorId accepted;      // the validator that took it
};

// Bit i % 64 of word i / 64 tells about byte i; bits past the size are 0; `blocks` words cover the text.
struct CandidateMasks {
    const std::uint64_t* digit;  // 0-9
    const std::uint64_t* at;     // '@'
    const std::uint64_t* colon;  // ':'
    std::size_t blocks;
};

// The finder's kind for a validator; `digits` for those that are no candidate validators.
CandidateKind candidate_kind(ValidatorId id) noexcept;

// Finds the entities of the validators in `wanted` (validator_bit), in order of begin, each once, without overlap.
// Returns how many were written, at most out.size(); sets `truncated` (else leaves it) when more would have come.
// Linear in the size of the text whatever it holds: each set bit is looked at with a bounded window. The text is
// smaller than 4 GiB. Pure, no allocation; any thread.
std::size_t find_candidates(std::string_view text, const CandidateMasks& masks, std::uint64_t wanted,
                            std::span<Candidate> out, bool& truncated) noexcept;

}  // namespace fastguard

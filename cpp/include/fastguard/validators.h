// Validators: what a regular expression cannot say about a match.
//
// A signature names validators in its pack (`validator = "luhn_card"`); the scanner calls them on the span of a hit,
// and the candidate finder calls them on what it found. All of them are pure functions of the bytes they are given:
// they do not allocate, do not throw, do not look at the locale, and take time linear in the length of the match (most
// of them refuse at once what is longer than their entity can be). Every one may be called from any thread.
//
//   if (fastguard::validate(fastguard::ValidatorId::luhn_card, "4539 1488 0343 6467")) ...
//
// A validator judges the whole view it is given. Boundaries of words are the caller's business.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace fastguard {

// Identity of a validator. The number is not stable, the name is. Those of identifiers (check digits of national ids,
// wallets, dates: validators_europe.cpp and the files beside it) have numbers behind these and names only.
enum class ValidatorId : std::uint8_t {
    none,        // accepts everything
    luhn_card,   // payment card: ISO/IEC 7812 issuer ranges with their lengths, Luhn digit; 4-4-4-4 like grouping
    iban,        // ISO 13616: length of the country, mod 97 (ISO 7064); printed groups of four or none
    us_ssn,      // US social security number AAA-GG-SSSS with its hyphens by the rules of the SSA; published examples
                 // refused
    phone_e164,  // ITU-T E.164 number after + or 00: assigned country code, national length; may end in x123
    ipv4,        // RFC 791 dotted quad, no leading zeros; not 0/8, 127/8, 255/8 (nobody's address)
    ipv6,        // RFC 4291 section 2.2, all forms; not :: and ::1
    mac,         // EUI-48 as aa:bb:cc:dd:ee:ff, aa-bb-.. or aabb.ccdd.eeff; not all zero, not broadcast
    email,       // RFC 5321 addr-spec without quoting, ASCII; alphabetic top level (or xn--) that is no file suffix
    jwt,         // RFC 7519 compact form: header decodes to a JSON object with "alg", payload begins an object
    github_crc,  // GitHub token: last six base62 digits are the CRC-32 of the thirty before them
    pem,         // RFC 7468 block: BEGIN label, base64 body of at least 32 characters
    aws_access_key_id,  // four letters of a key kind and 16 characters; not the EXAMPLE key of the manuals
    aws_secret_key,     // 40 characters of base64, all three classes, neither a hash nor a path
    uuid,               // RFC 9562 text form, version 1 to 8, not nil or max
    not_placeholder,    // anything but changeme, <token>, ${TOKEN}, xxxx, ****, one character repeated, 12345678
    generic_secret,     // value of an assignment that looks random: not a word, name, path, call, version, UUID
    password_value,  // value of an assignment that looks like a password: as generic_secret, but words with digits pass
    url_password,    // URL with user:password@ where the password is no placeholder
    count_,
};

// The validator of that name, or ValidatorId::none when the registry has none.
ValidatorId validator_by_name(std::string_view name) noexcept;

// The name in packs; empty for ValidatorId::none.
std::string_view validator_name(ValidatorId id) noexcept;

// All names, in order of their ids, without `none`.
std::span<const std::string_view> validator_names() noexcept;

// Whether the validator accepts these bytes.
bool validate(ValidatorId id, std::string_view match) noexcept;

// Shannon entropy of the bytes, in bits per byte; 0 for an empty view, 8 at most.
double shannon_entropy(std::string_view bytes) noexcept;

// The value of an assignment, `keep = "value"` in packs: what follows the first `=` or `:` (and the quotes, `>` and
// white space after it); of that the content of the last quoted string, or else the last word. Closing quotes,
// semicolons and white space at the end are left off, padding of base64 is not. Empty where the name before it says
// that everybody may see the value (public, csrf, xsrf). A part of `match`. Linear.
std::string_view assigned_value(std::string_view match) noexcept;

// Validators below this number may be in a set.
inline constexpr unsigned kCandidateValidators = 64;

// A set of validators, all below kCandidateValidators, as the candidate finder takes it.
constexpr std::uint64_t validator_bit(ValidatorId id) noexcept { return std::uint64_t{1} << static_cast<unsigned>(id); }

}  // namespace fastguard

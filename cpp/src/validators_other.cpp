// Identifiers that no state gives: crypto wallets, bank codes, dates, telephone numbers of national plans.
#include "validators_number.h"
#include "validators_phone_plan.h"

namespace fastguard::entity {
namespace {

using namespace ascii;

// ---------------------------------------------------------------- hashes that addresses are checked by

constexpr std::uint32_t rotate_right(std::uint32_t x, unsigned n) noexcept { return x >> n | x << (32 - n); }

constexpr std::array<std::uint32_t, 64> kSha256 = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using Digest = std::array<unsigned char, 32>;

// SHA-256 of at most 55 bytes, one block.
Digest sha256(const unsigned char* bytes, std::size_t size) noexcept {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < size; ++i) w[i / 4] |= std::uint32_t{bytes[i]} << (24 - i % 4 * 8);
    w[size / 4] |= std::uint32_t{0x80} << (24 - size % 4 * 8);
    w[15] = static_cast<std::uint32_t>(size * 8);
    for (std::size_t i = 16; i < 64; ++i) {
        const std::uint32_t a = w[i - 15];
        const std::uint32_t b = w[i - 2];
        w[i] = w[i - 16] + (rotate_right(a, 7) ^ rotate_right(a, 18) ^ a >> 3) + w[i - 7] +
               (rotate_right(b, 17) ^ rotate_right(b, 19) ^ b >> 10);
    }
    constexpr std::array<std::uint32_t, 8> kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::uint32_t, 8> h = kStart;
    for (std::size_t i = 0; i < 64; ++i) {
        const std::uint32_t s1 = rotate_right(h[4], 6) ^ rotate_right(h[4], 11) ^ rotate_right(h[4], 25);
        const std::uint32_t t1 = h[7] + s1 + ((h[4] & h[5]) ^ (~h[4] & h[6])) + kSha256[i] + w[i];
        const std::uint32_t s0 = rotate_right(h[0], 2) ^ rotate_right(h[0], 13) ^ rotate_right(h[0], 22);
        const std::uint32_t t2 = s0 + ((h[0] & h[1]) ^ (h[0] & h[2]) ^ (h[1] & h[2]));
        h = {t1 + t2, h[0], h[1], h[2], h[3] + t1, h[4], h[5], h[6]};
    }
    Digest digest{};
    for (std::size_t i = 0; i < 32; ++i)
        digest[i] = static_cast<unsigned char>((h[i / 4] + kStart[i / 4]) >> (24 - i % 4 * 8) & 0xFFU);
    return digest;
}

constexpr std::uint64_t rotate_left(std::uint64_t x, unsigned n) noexcept {
    return n == 0 ? x : x << n | x >> (64 - n);
}

void keccak_f(std::array<std::uint64_t, 25>& a) noexcept {
    constexpr std::array<unsigned, 24> kTurn = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                                27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
    constexpr std::array<unsigned, 24> kLane = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                                15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
    std::uint64_t lfsr = 1;
    for (unsigned round = 0; round < 24; ++round) {
        std::array<std::uint64_t, 5> c{};
        for (unsigned i = 0; i < 25; ++i) c[i % 5] ^= a[i];
        for (unsigned i = 0; i < 25; ++i) a[i] ^= c[(i + 4) % 5] ^ rotate_left(c[(i + 1) % 5], 1);
        std::uint64_t lane = a[1];
        for (unsigned i = 0; i < 24; ++i) {
            const std::uint64_t next = a[kLane[i]];
            a[kLane[i]] = rotate_left(lane, kTurn[i]);
            lane = next;
        }
        for (unsigned row = 0; row < 25; row += 5) {
            const std::array<std::uint64_t, 5> b = {a[row], a[row + 1], a[row + 2], a[row + 3], a[row + 4]};
            for (unsigned i = 0; i < 5; ++i) a[row + i] = b[i] ^ (~b[(i + 1) % 5] & b[(i + 2) % 5]);
        }
        for (unsigned bit = 0; bit < 7; ++bit) {  // the round constant: bits 2^j - 1 of an LFSR
            if ((lfsr & 1U) != 0) a[0] ^= std::uint64_t{1} << ((1U << bit) - 1U);
            lfsr = (lfsr << 1U) ^ ((lfsr >> 7U) * 0x171U);
        }
    }
}

// Keccak-256 (as Ethereum has it, before the padding of SHA-3) of at most 135 bytes.
Digest keccak256(const char* bytes, std::size_t size) noexcept {
    std::array<std::uint64_t, 25> a{};
    for (std::size_t i = 0; i < size; ++i)
        a[i / 8] ^= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (i % 8 * 8);
    a[size / 8] ^= std::uint64_t{1} << (size % 8 * 8);
    a[16] ^= std::uint64_t{0x80} << 56U;
    keccak_f(a);
    Digest digest{};
    for (std::size_t i = 0; i < 32; ++i) digest[i] = static_cast<unsigned char>(a[i / 8] >> (i % 8 * 8) & 0xFFU);
    return digest;
}

// ---------------------------------------------------------------- wallets

constexpr std::string_view kBase58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

// Base58Check: a version byte, 20 bytes and four bytes of a double SHA-256. Bitcoin, Litecoin, Dogecoin, Dash, Tron.
bool base58check(std::string_view s) noexcept {
    if (s.size() < 26 || s.size() > 35) return false;
    std::array<unsigned char, 25> bytes{};
    for (const char c : s) {
        const std::size_t value = kBase58.find(c);
        if (value == std::string_view::npos) return false;
        auto carry = static_cast<unsigned>(value);
        for (std::size_t i = bytes.size(); i-- > 0;) {
            carry += 58U * bytes[i];
            bytes[i] = static_cast<unsigned char>(carry & 0xFFU);
            carry >>= 8U;
        }
        if (carry != 0) return false;
    }
    const Digest once = sha256(bytes.data(), 21);
    const Digest twice = sha256(once.data(), once.size());
    for (std::size_t i = 0; i < 4; ++i)
        if (twice[i] != bytes[21 + i]) return false;
    return true;
}

// BIP 173 and BIP 350: one case, a checksum over GF(32) of the prefix and the data.
bool bech32(std::string_view s) noexcept {
    constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const std::size_t one = s.rfind('1');
    if (one == std::string_view::npos || one == 0 || s.size() < one + 7 || s.size() > 90) return false;
    std::uint32_t sum = 1;
    const auto add = [&sum](unsigned value) {
        constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                             0x2a1462b3};
        const std::uint32_t top = sum >> 25U;
        sum = (sum & 0x1FFFFFFU) << 5U ^ value;
        for (unsigned i = 0; i < 5; ++i) sum ^= (top >> i & 1U) != 0 ? kGenerator[i] : 0U;
    };
    bool upper_case = false;
    bool lower_case = false;
    for (const char c : s) {
        upper_case = upper_case || is_upper(c);
        lower_case = lower_case || is_lower(c);
    }
    if (upper_case && lower_case) return false;
    for (std::size_t i = 0; i < one; ++i) add(static_cast<unsigned char>(lower(s[i])) >> 5U);
    add(0);
    for (std::size_t i = 0; i < one; ++i) add(static_cast<unsigned char>(lower(s[i])) & 31U);
    for (std::size_t i = one + 1; i < s.size(); ++i) {
        const std::size_t value = kAlphabet.find(lower(s[i]));
        if (value == std::string_view::npos) return false;
        add(static_cast<unsigned>(value));
    }
    return sum == 1 || sum == 0x2bc830a3;
}

// EIP-55: the case of each letter is a bit of the hash of the address in lower case; one case throughout says nothing.
bool ethereum(std::string_view s) noexcept {
    if (s.size() != 42 || s[0] != '0' || lower(s[1]) != 'x') return false;
    std::array<char, 40> small{};
    bool upper_case = false;
    bool lower_case = false;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < 40; ++i) {
        const char c = s[i + 2];
        if (!is_hex(c)) return false;
        upper_case = upper_case || is_upper(c);
        lower_case = lower_case || is_lower(c);
        digits += is_digit(c) ? 1U : 0U;
        small[i] = lower(c);
    }
    if (!upper_case || !lower_case) return digits > 8 && digits < 40;
    const Digest hash = keccak256(small.data(), small.size());
    for (std::size_t i = 0; i < 40; ++i) {
        const bool up = (hash[i / 2] >> (i % 2 == 0 ? 7U : 3U) & 1U) != 0;
        if (is_alpha(small[i]) && is_upper(s[i + 2]) != up) return false;
    }
    return true;
}

// ---------------------------------------------------------------- dates

constexpr bool is_year(unsigned year) noexcept { return year >= 1900 && year <= 2035; }

// Three numbers: a year of four digits first or last, or of two digits last; day and month in either order.
bool date_digits(std::string_view s) noexcept {
    std::array<unsigned, 3> numbers{};
    std::array<std::size_t, 3> sizes{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (!is_digit(s[i])) {
            if (s[i] != ' ' && ++count == 3) return false;
            continue;
        }
        numbers[count] = numbers[count] * 10 + static_cast<unsigned>(s[i] - '0');
        if (++sizes[count] > 4) return false;
    }
    if (count != 2) return false;
    if (sizes[0] == 4) return is_year(numbers[0]) && is_date(numbers[1], numbers[2]);
    if (sizes[2] != 2 && (sizes[2] != 4 || !is_year(numbers[2]))) return false;
    return is_date(numbers[1], numbers[0]) || is_date(numbers[0], numbers[1]);
}

// A month's name in European languages, by its first three letters, and numbers that make a date with it.
bool date_words(std::string_view s) noexcept {
    constexpr std::string_view kMonths =
        "jan feb mar apr may jun jul aug sep oct nov dec jae mrz mai okt dez fev avr jui aou ene abr ago dic gen mag "
        "giu lug set ott mei out mrt maa sty lut kwi maj cze lip sie wrz paz lis gru tam hel huh tou kes hei elo syy "
        "lok "
        "mar joul sub oca sub nis haz tem agu eyl eki kas ara";
    std::array<char, 3> month{};
    std::size_t letters = 0;
    unsigned day = 0;
    unsigned year = 0;
    unsigned number = 0;
    std::size_t digits = 0;
    for (std::size_t i = 0; i <= s.size(); ++i) {
        const char c = i < s.size() ? lower(s[i]) : ' ';
        if (is_digit(c)) {
            number = number * 10 + static_cast<unsigned>(c - '0');
            ++digits;
            continue;
        }
        if (digits == 4) year = number;
        if (digits == 1 || digits == 2) day = number;
        if (digits == 3 || digits > 4) return false;
        number = 0;
        digits = 0;
        const bool ordinal = i > 0 && is_digit(s[i - 1]) && is_alpha(c);
        if (ordinal) {  // 1st, 2nd, 3rd, 4th
            while (i + 1 < s.size() && is_alpha(s[i + 1])) ++i;
            continue;
        }
        if (is_alpha(c) && letters < 3 && (letters > 0 || i == 0 || !is_alpha(s[i - 1]))) {
            month[letters] = c;
            ++letters;
        } else if (!is_alpha(c) && letters > 0 && letters < 3) {
            letters = 0;  // "de", "of"
        }
    }
    const std::string_view name(month.data(), month.size());
    const std::size_t found = kMonths.find(name);
    return letters == 3 && found != std::string_view::npos && found % 4 == 0 && is_year(year) && day >= 1 && day <= 31;
}

bool phone_national(std::string_view s) noexcept { return in_national_plan(s); }

// ISO 9362: bank, country that exists, place, branch.
bool bic(std::string_view s) noexcept {
    const Compact n(s);
    if ((n.size() != 8 && n.size() != 11) || n.size() != s.size()) return false;
    for (std::size_t i = 0; i < 6; ++i)
        if (!is_alpha(n[i])) return false;
    constexpr std::string_view kCountries =
        "AD AE AF AG AI AL AM AO AR AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ CA CD CF CG CH "
        "CI "
        "CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FO FR GA GB GD GE GG GH GI GL "
        "GM "
        "GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KM KN KP KR KW KY KZ "
        "LA "
        "LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MK ML MM MN MO MR MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP "
        "NZ "
        "OM PA PE PF PG PH PK PL PS PT PY QA RO RS RU RW SA SB SC SD SE SG SI SK SL SM SN SO SR SS ST SV SY SZ TC TD "
        "TG "
        "TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU WS XK YE ZA ZM ZW";
    const std::size_t found = kCountries.find(n.text().substr(4, 2));
    return found != std::string_view::npos && found % 3 == 0;
}

// Digits that are not one repeated, nor counted up or down: account, licence and passport numbers without a check.
bool varied(std::string_view s) noexcept {
    const Compact n(s);
    bool same = true;
    bool up = true;
    bool down = true;
    std::size_t last = n.size();
    std::size_t digits = 0;
    for (std::size_t i = 0; i < n.size(); ++i) {
        if (!n.digit(i)) continue;
        if (last != n.size()) {
            same = same && n[i] == n[last];
            up = up && n.value(i) == (n.value(last) + 1) % 10;
            down = down && (n.value(i) + 1) % 10 == n.value(last);
        }
        last = i;
        ++digits;
    }
    return digits >= 2 && !same && (digits < 8 || (!up && !down));
}

}  // namespace

const std::array<NamedCheck, 8> kPlainChecks = {{
    {"base58check", base58check},
    {"bech32", bech32},
    {"ethereum", ethereum},
    {"date_digits", date_digits},
    {"date_words", date_words},
    {"phone_national", phone_national},
    {"bic", bic},
    {"varied", varied},
}};

}  // namespace fastguard::entity

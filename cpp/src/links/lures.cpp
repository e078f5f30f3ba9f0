#include "lures.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fastguard::links {
namespace {

constexpr auto kLures = [] {
    std::array<std::string_view, 62> words = {
        "account",  "accounts", "alert",    "alerts",       "auth",         "authenticate", "authorize",  "billing",
        "bonus",    "cancel",   "claim",    "confirm",      "confirmation", "customer",     "delivery",   "ebanking",
        "gift",     "giftcard", "helpdesk", "identity",     "invoice",      "limited",      "locked",     "login",
        "logon",    "member",   "my",       "mypage",       "notice",       "notification", "parcel",     "passcode",
        "password", "payment",  "prize",    "protect",      "recover",      "recovery",     "redelivery", "refund",
        "reset",    "restore",  "reward",   "rewards",      "secure",       "secured",      "security",   "session",
        "signin",   "signon",   "sso",      "support",      "suspended",    "tracking",     "unlock",     "unusual",
        "update",   "upgrade",  "validate", "verification", "verify",       "webscr"};
    std::sort(words.begin(), words.end());
    return words;
}();

// Bit n of letter c: a lure of n bytes begins with it. Most words are told by these alone.
constexpr auto kSizes = [] {
    std::array<std::uint32_t, 256> sizes{};
    for (const std::string_view word : kLures) {
        sizes[static_cast<unsigned char>(word[0])] |= std::uint32_t{1} << word.size();
    }
    return sizes;
}();

}  // namespace

bool is_lure(std::string_view token) noexcept {
    return !token.empty() && token.size() < 32 &&
           (kSizes[static_cast<unsigned char>(token[0])] >> token.size() & 1U) != 0 &&
           std::binary_search(kLures.begin(), kLures.end(), token);
}

}  // namespace fastguard::links

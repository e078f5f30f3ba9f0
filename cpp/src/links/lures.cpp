#include "lures.h"

#include <algorithm>
#include <array>

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

}  // namespace

bool is_lure(std::string_view token) noexcept { return std::binary_search(kLures.begin(), kLures.end(), token); }

}  // namespace fastguard::links

#include "judge.h"

#include "../utf8_decode.h"
#include "../validators_ascii.h"
#include "anchor.h"
#include "fastguard/normalizer.h"
#include "lures.h"

#include <algorithm>
#include <array>

namespace fastguard::links {
namespace {

using namespace ascii;

constexpr std::size_t kLeastToken = 5;   // letters of a part between hyphens that looks like a brand
constexpr std::size_t kMostPath = 200;   // bytes of a path that are looked through for brands
constexpr std::size_t kLeastShown = 3;   // bytes of a shown text that may name a host
constexpr std::size_t kLeastFamily = 3;  // letters of a label that says that two hosts are of one family

// Hosts whose links name other hosts as a matter of course.
constexpr std::array<std::string_view, 10> kArchives = {
    "archive.org", "archive.ph",       "archive.today",   "archive.is",     "doi.org",
    "perma.cc",    "ghostarchive.org", "webcitation.org", "translate.goog", "ampproject.org"};

// Top levels of networks of one's own.
constexpr std::array<std::string_view, 9> kLocal = {"localhost", "local", "internal", "intranet", "lan",
                                                    "home",      "corp",  "test",     "invalid"};

bool under(std::string_view host, std::string_view domain) noexcept {
    return host.ends_with(domain) && (host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.');
}

bool is_local(const Host& host) noexcept {
    if (host.kind == HostKind::ipv6) return true;  // addresses of networks that nobody remembers: not judged
    if (host.kind == HostKind::name)
        return host.suffix == host.size ||
               (!host.listed && std::find(kLocal.begin(), kLocal.end(), host.suffix_name()) != kLocal.end());
    const std::uint32_t a = host.address;
    return host.kind == HostKind::ipv4 && (a >> 24U == 10 || a >> 24U == 127 || a >> 20U == 0xAC1 ||
                                           a >> 16U == 0xC0A8 || a >> 16U == 0xA9FE || a == 0);
}

// Whether the host as it is written has accents or letters that the folded view shows as others: another name for a
// browser. Full-width and styled letters are the same name.
bool has_other_letters(std::string_view raw) noexcept {
    for (std::size_t i = 0; i < raw.size();) {
        std::array<unsigned char, 4> bytes{};
        for (std::size_t k = 0; k < 4 && i + k < raw.size(); ++k) bytes[k] = static_cast<unsigned char>(raw[i + k]);
        const utf8::Step step = utf8::decode(bytes.data());
        const bool combining = step.cp >= 0x300 && step.cp < 0x370;
        const bool letter = step.cp >= 0xC0 && step.cp < 0x2000 && script_of(step.cp) != Script::none;
        if (step.cp != utf8::kInvalid && (combining || letter)) return true;
        i += step.length;
    }
    return false;
}

class Judge {
  public:
    Judge(const Reading& reading, const Link& link, const CallerHosts::Impl& caller, SkeletonScratch& scratch,
          Judgement& out) noexcept
        : reading_(reading),
          text_(reading.folded.bytes),
          link_(link),
          caller_(caller),
          known_(Brands::known()),
          scratch_(scratch),
          out_(out) {}

    bool run() {
        out_.traits = 0;
        out_.brand = -1;
        out_.score = 0.0F;
        out_.features.count = 0;
        if (!read_host(part(link_.host_begin, link_.host_end), out_.host)) return false;
        const Host& host = out_.host;
        if (host.kind == HostKind::ipv4_number || host.kind == HostKind::ipv6_mapped) {
            set(LinkTrait::numeric_host);
            judge_user();
            judge_list();
            return true;
        }
        if (is_local(host)) return false;
        disguised_ = !reading_.ascii && has_other_letters(raw_host());
        owner_ = host.kind == HostKind::name && !disguised_ ? known_.owner(host) : -1;
        allowed_ = is_allowed();
        judge_user();
        judge_list();
        if (owner_ < 0 && !allowed_) {
            if (host.kind == HostKind::name) judge_name();
            judge_path();
            judge_score();
        }
        judge_shown();
        return true;
    }

  private:
    void set(LinkTrait trait) noexcept { out_.traits |= trait_bit(trait); }
    void set(LinkTrait trait, std::uint32_t brand) noexcept {
        set(trait);
        if (out_.brand < 0) out_.brand = static_cast<int>(brand);
    }
    std::string_view part(std::size_t begin, std::size_t end) const noexcept {
        return text_.substr(begin, end - begin);
    }
    std::string_view rest() const noexcept { return part(link_.path, link_.end); }

    std::string_view raw_host() const noexcept {
        const RawSpan span = raw_span(reading_.folded, link_.host_begin, link_.host_end);
        return reading_.raw.bytes.substr(span.begin, span.end - span.begin);
    }

    bool is_allowed() const noexcept {
        return std::any_of(caller_.allowed.begin(), caller_.allowed.end(),
                           [this](const std::string& domain) { return under(out_.host.name(), domain); });
    }

    void judge_list() noexcept {
        if (!caller_.allowed.empty() && !is_allowed()) set(LinkTrait::unknown_host);
    }

    // "https://paypal.com@evil.example", "https://bank.de:443%2F@evil.example"
    void judge_user() noexcept {
        if (link_.user_end <= link_.user_begin) return;
        std::string_view user = part(link_.user_begin, link_.user_end);
        user = user.substr(0, user.find_first_of(":%"));
        Host host;
        if (user.find('.') != std::string_view::npos && read_host(user, host) && host.kind == HostKind::name &&
            host.listed && host.suffix < host.size)
            set(LinkTrait::userinfo_host);
    }

    void judge_name() {
        const Host& host = out_.host;
        if (const int brand = known_.embedded(host); brand >= 0)
            set(LinkTrait::embedded_domain, static_cast<std::uint32_t>(brand));
        if (!caller_.brands.empty() && caller_.brands.embedded(host) >= 0) set(LinkTrait::caller_host);
        std::string_view labels = host.name().substr(0, host.size - host.suffix - 1);
        const std::size_t site = host.site;
        for (std::size_t at = 0, count = 0; at < labels.size() && count < 8; ++count) {
            const std::size_t end = std::min(labels.find('.', at), labels.size());
            judge_label(labels.substr(at, end - at), at >= site);
            at = end + 1;
        }
        judge_lures(labels);
    }

    // A label, and its parts between hyphens.
    void judge_label(std::string_view label, bool registrable) {
        const Looks looks = looks_of(label, scratch_);
        if ((looks.latin && looks.other) || (looks.other && looks_ascii(looks.skeleton) && out_.host.ascii_suffix()))
            set(LinkTrait::mixed_script);
        take(label, looks, registrable);
        if (label.find('-') == std::string_view::npos || label.starts_with("xn--")) return;
        for (std::size_t at = 0; at < label.size();) {
            const std::size_t end = std::min(label.find('-', at), label.size());
            const std::string_view token = label.substr(at, end - at);
            if (token.size() >= kLeastToken) take(token, looks_of(token, scratch_), false);
            at = end + 1;
        }
    }

    static bool looks_ascii(std::string_view text) noexcept {
        return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
    }

    void take(std::string_view label, const Looks& looks, bool whole) noexcept {
        const bool written_otherwise = disguised_ || looks.decoded;
        const std::string_view letters = looks.decoded ? looks.letters : label;
        const Resemblance found = known_.resemblance(letters, looks);
        if (found.how == Likeness::same) {
            if (written_otherwise && letters.size() >= kLeastToken - 1) set(LinkTrait::homoglyph, found.brand);
            brand_token_ = brand_token_ || known_[found.brand].distinctive;
            if (known_[found.brand].distinctive) named_ = static_cast<int>(found.brand);
        } else if (found.how == Likeness::homoglyph && (whole || label.size() >= kLeastToken)) {
            if (known_[found.brand].distinctive || !looks.ascii || looks.decoded)
                set(LinkTrait::homoglyph, found.brand);
        } else if (found.how == Likeness::typo) {
            set(LinkTrait::typosquat, found.brand);
        }
        if (caller_.brands.empty() || !whole) return;
        const Resemblance own = caller_.brands.resemblance(letters, looks);
        if (own.how == Likeness::homoglyph || own.how == Likeness::typo ||
            (own.how == Likeness::same && written_otherwise))
            set(LinkTrait::caller_host);
    }

    // "paypal-login.example", "paypallogin.example", "login.paypal.evil.example"
    void judge_lures(std::string_view labels) noexcept {
        int brand = named_;
        bool lure = false;
        for (std::size_t at = 0, count = 0; at < labels.size() && count < 16; ++count) {
            const std::size_t end = std::min(labels.find_first_of(".-", at), labels.size());
            const std::string_view token = labels.substr(at, end - at);
            lure = lure || is_lure(token);
            for (std::size_t cut = 4; brand < 0 && cut + 2 <= token.size() && cut < 20; ++cut) {
                const std::string_view head = token.substr(0, cut);
                const std::string_view tail = token.substr(cut);
                const int named = is_lure(tail) ? known_.labelled(head) : is_lure(head) ? known_.labelled(tail) : -1;
                if (named >= 0 && known_[static_cast<std::size_t>(named)].distinctive && tail.size() > 2 &&
                    head.size() > 2) {
                    brand = named;
                    lure = true;
                }
            }
            at = end + 1;
        }
        // Pages of a firm's customers name brands that they work with: "paypal-support-demo.github.io".
        if (brand >= 0 && lure && !out_.host.private_suffix)
            set(LinkTrait::brand_lure, static_cast<std::uint32_t>(brand));
    }

    // "/paypal/login.php", "/paypal.com/signin"
    void judge_path() noexcept {
        const std::string_view all = rest();
        const std::string_view path = all.substr(0, std::min(all.find_first_of("?#"), kMostPath));
        if (path.size() < 8 || is_archive()) return;
        int brand = -1;
        bool domain = false;
        bool lure = false;
        for (std::size_t at = 0, count = 0; at < path.size() && count < 24; ++count) {
            std::size_t end = at;
            while (end < path.size() && is_alnum(path[end])) ++end;
            const std::string_view token = path.substr(at, end - at);
            lure = lure || is_lure(token);
            if (const int named = token.size() >= 4 ? known_.labelled(token) : -1;
                named >= 0 && known_[static_cast<std::size_t>(named)].distinctive) {
                brand = named;
                domain = domain || path.substr(end, 4) == ".com";
            }
            at = end + 1;
        }
        const bool page = path.ends_with(".php") || path.ends_with(".html") || path.ends_with(".htm");
        if (brand >= 0 && lure && (page || domain)) set(LinkTrait::brand_path, static_cast<std::uint32_t>(brand));
    }

    bool is_archive() const noexcept {
        return std::any_of(kArchives.begin(), kArchives.end(),
                           [this](std::string_view name) { return under(out_.host.name(), name); });
    }

    void judge_score() noexcept {
        // A bare host in running text has nothing that the score has learned of.
        if (!link_.scheme && link_.path == link_.end && !out_.host.name().starts_with("www.")) return;
        if (out_.host.kind != HostKind::name && link_.path == link_.end) return;
        out_.features = score_features(link_, out_.host, rest(), brand_token_ || out_.brand >= 0);
        out_.score = score_of(out_.features);
        if (is_archive()) return;
        if (out_.score >= kScoreHigh) set(LinkTrait::score_high);
        if (out_.score >= kScoreRaised) set(LinkTrait::score_raised);
        if (out_.score >= kScoreOpen) set(LinkTrait::score_open);
    }

    void judge_shown() {
        if (owner_ >= 0 || allowed_ || is_archive()) return;
        const std::string_view shown = shown_text(text_, link_);
        if (shown.size() < kLeastShown) return;
        const Link named = first_link(shown);
        Host host;
        if (named.end == 0 || !read_host(shown.substr(named.host_begin, named.host_end - named.host_begin), host) ||
            host.kind != HostKind::name || !host.listed || host.registrable() == out_.host.registrable())
            return;
        if (const int brand = known_.owner(host); brand >= 0) {
            set(LinkTrait::brand_text, static_cast<std::uint32_t>(brand));
            return;
        }
        // The same firm under another suffix, a redirection that says where to, a sentence with a host in it.
        const std::string_view label = host.label();
        const bool family =
            label.size() >= kLeastFamily && (out_.host.name().find(label) != std::string_view::npos ||
                                             (out_.host.label().size() >= kLeastFamily &&
                                              host.name().find(out_.host.label()) != std::string_view::npos));
        if (family || rest().find(host.registrable()) != std::string_view::npos ||
            (named.end - named.begin) * 2 < shown.size())
            return;
        set(LinkTrait::other_text);
    }

    const Reading& reading_;
    std::string_view text_;
    const Link& link_;
    const CallerHosts::Impl& caller_;
    const Brands& known_;
    SkeletonScratch& scratch_;
    Judgement& out_;
    bool disguised_ = false;
    bool allowed_ = false;
    bool brand_token_ = false;
    int owner_ = -1;
    int named_ = -1;
};

}  // namespace

bool judge(const Reading& reading, const Link& link, const CallerHosts::Impl& caller, SkeletonScratch& scratch,
           Judgement& judgement) {
    return Judge(reading, link, caller, scratch, judgement).run();
}

}  // namespace fastguard::links

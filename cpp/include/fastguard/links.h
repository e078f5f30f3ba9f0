// Links: what is wrong with the hosts that a text points to.
//
// A link is found where it stands (scheme, defanged, bare host), its host is read as a browser reads it, its
// registrable domain told by the Public Suffix List, and then compared: with well-known brands, with the caller's own
// hosts, with the text that it is shown under; a small learned score judges the rest. Each of the traits below may be a
// signature's (`candidate = "link"`, `traits = ["typosquat"]`); a match is the whole link. Texts without links cost a
// read of two masks.
#pragma once

#include "fastguard/context.h"
#include "fastguard/reading.h"
#include "fastguard/scratch.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fastguard {

inline constexpr std::array<std::string_view, 15> kLinkTraits = {
    "numeric_host", "userinfo_host", "homoglyph",    "typosquat",    "embedded_domain",
    "brand_lure",   "brand_path",    "caller_host",  "mixed_script", "brand_text",
    "other_text",   "score_high",    "score_raised", "score_open",   "unknown_host"};
enum class LinkTrait : std::uint8_t {
    numeric_host,     // an IPv4 address as one number, in hexadecimal, octal or fewer parts, or inside an IPv6 one
    userinfo_host,    // the part before '@' reads as a host
    homoglyph,        // looks like a brand's name
    typosquat,        // one edit from a brand's name
    embedded_domain,  // a brand's domain as the beginning of somebody else's host
    brand_lure,       // a brand's name beside words such as login, in somebody else's host
    brand_path,       // the same in the path
    caller_host,      // looks like, is one edit from, or begins with a host of the caller
    mixed_script,     // a label of letters of several scripts that look alike
    brand_text,       // the text of the link names a brand's host, its target is somebody else's
    other_text,       // the text of the link names one host, its target is another
    score_high,       // the learned score, by its cuts
    score_raised,
    score_open,
    unknown_host,  // not on the list of hosts that the caller allows
};

struct LinkMatch {
    std::uint32_t signature;
    std::uint32_t begin, end;  // bytes of the folded view
    bool supported;            // by a word of its context
};

// What is told of one link, for explanations, training and tests.
struct LinkReport {
    std::uint32_t begin, end;  // bytes of the folded view
    std::string host, site, suffix, brand;
    std::uint32_t traits;  // bit per LinkTrait
    float score;           // 0 where it was not asked for
    std::vector<float> dense;
    std::vector<std::uint16_t> ids;
};

namespace links {

// Where a link is in the folded view, in bytes.
struct Link {
    std::uint32_t begin = 0, end = 0;
    std::uint32_t user_begin = 0, user_end = 0;  // "name:password" before '@'; empty where there is none
    std::uint32_t host_begin = 0, host_end = 0;
    std::uint32_t path = 0;  // behind the host and port; `end` where nothing follows
    bool scheme = false;     // stands there; else the link is a bare host, with a path or without
    bool secure = false;     // https, wss, ftps
    bool defanged = false;
    bool port = false;
};

// Buffers for how labels look.
struct SkeletonScratch {
    Buffer<char> folded;
    Buffer<std::uint32_t> folded_origin;
    Buffer<char> skeleton;
    Buffer<std::uint32_t> skeleton_origin;
};

}  // namespace links

struct LinkScratch {
    Buffer<links::Link> links;
    links::SkeletonScratch skeletons;
};

// The hosts of a caller: `allowed` (and names below them) are known, and what looks like them is not. Immutable.
class CallerHosts {
  public:
    explicit CallerHosts(std::span<const std::string> allowed);
    CallerHosts(CallerHosts&&) noexcept;
    CallerHosts& operator=(CallerHosts&&) noexcept;
    ~CallerHosts();

    struct Impl;
    [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

// Immutable after `finish`.
class Links {
  public:
    // Tokens around a link that its context words may stand in.
    static constexpr std::size_t kBefore = 50;
    static constexpr std::size_t kAfter = 30;

    // Throws BuildError without id for a trait that is none.
    void add(std::uint32_t signature, std::span<const std::string> traits, std::span<const std::string> folded_context,
             bool needs_context);
    void finish();

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

    // Matches in the folded view of `reading`, in order; at most out.size(), `truncated` is set where there are more.
    // `sources`: per signature the sources it is on for, of which `source_bit` is asked. Linear. Allocates only to grow
    // the scratches.
    std::size_t find(const Reading& reading, const CallerHosts& hosts, std::span<const std::uint8_t> sources,
                     std::uint8_t source_bit, LinkScratch& scratch, ContextScratch& context, std::span<LinkMatch> out,
                     bool& truncated) const;

  private:
    struct Entry {
        std::uint32_t signature;
        std::uint32_t traits;
        ConceptId context;
        bool has_context;
        bool needs_context;
    };
    std::vector<Entry> entries_;
    ContextWords words_;
};

// The links of a text with all that is told of them. For tools; allocates.
[[nodiscard]] std::vector<LinkReport> report_links(const Reading& reading, const CallerHosts& hosts);

}  // namespace fastguard

// Streams: a text that comes in chunks, judged as it comes, released when nothing that is held against it can follow.
//
//   Stream stream(engine, {.source = 2, .mode = StreamMode::redact});
//   stream.feed("Write to anna@exam", released);      // what is safe so far is added to `released`
//   stream.feed("ple.com", released);
//   CheckResult& result = stream.judge();             // nothing follows; as of Engine::check of the whole text
//   ... the models' answers to `result`, as after a check ...
//   stream.finish(released);                          // the rest
//
// Two things run side by side. The text is judged in the very segments of Engine::check, so that the result is the same
// however the text was cut. And at every kStep bytes a window of it is looked through for signatures: what begins
// `hold` bytes or more before the end of what has come is decided there, redacted, blocked or released. These places
// are counted from the begin of the text, so that what is released depends on the text alone.
//
// A match that is still growing where it should be decided (a PEM block, a long token), and a run of key-like letters
// that has outgrown the hold-back, are held until they end, at most `longest` bytes. What the windows decide otherwise
// than the segments (a finding longer than that, one that hangs on text further away) is told:
// Truncated::stream_window.
//
// Not for two threads at once. Time is linear in the text; memory is bounded but for the placeholders and the findings,
// which have limits of their own.
#pragma once

#include "fastguard/engine.h"
#include "fastguard/redaction.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastguard {

enum class StreamMode : std::uint8_t {
    block,   // nothing is released from the first finding on that the policy blocks
    redact,  // the same, but secrets and personal data become placeholders and block nothing
};

struct StreamOptions {
    std::uint8_t source = 1;
    StreamMode mode = StreamMode::block;
    std::size_t holdback = 512;  // most bytes held back of ordinary text, kLeastHoldback or more
    std::size_t longest = 8192;  // most bytes held back of a match that is still growing, at most kMostHeld
};

inline constexpr std::size_t kLeastHoldback = 256;
inline constexpr std::size_t kMostHeld = 32 * 1024;

// Names for what is redacted: the same for the same value, and none that the text has had before it.
class Placeholders {
  public:
    static constexpr std::size_t kMostKept = 65536;

    // The placeholder of a value.
    [[nodiscard]] const std::string& of(const std::string& entity, std::string_view value);

    // The text itself says `literal`, which looks like a placeholder. False where it is the name of a value already.
    bool reserve(const std::string& literal);

    // Placeholders with their values, in order; at most kMostKept.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return all_; }
    // Whether there were more.
    [[nodiscard]] bool full() const noexcept { return full_; }

  private:
    std::map<std::pair<std::string, std::string>, std::string> names_;
    std::map<std::string, std::uint64_t> counts_;
    std::set<std::string> taken_;
    std::vector<std::pair<std::string, std::string>> all_;
    std::string last_;
    bool full_ = false;
};

class Stream {
  public:
    static constexpr std::size_t kStep = 128;     // bytes between two windows
    static constexpr std::size_t kContext = 512;  // bytes that a window has before what it decides
    static constexpr std::size_t kSlack = 64;     // a match that ends this near to the end may still grow

    // `engine` outlives the stream.
    Stream(const Engine& engine, const StreamOptions& options);

    // Takes bytes of any cut and adds what may be released to `out`. A lone surrogate of a str comes as the three bytes
    // that UTF-8 has none for (ED A0..BF xx) where `surrogates` says so, and leaves as it came. Precondition: not
    // judged yet. Throws std::bad_alloc, after which the stream is of no more use.
    void feed(std::string_view bytes, bool surrogates, Scratch& scratch, std::string& out);

    // Judges all of the text. The result is as after Engine::check, and wants the same answers.
    CheckResult& judge(Scratch& scratch);

    // Adds the rest to `out`, unless the final result blocks. Afterwards the result says what the windows missed.
    void finish(Scratch& scratch, std::string& out);

    // Most bytes of ordinary text that are held back: less than asked for where no signature that matters needs them, 0
    // where the policy neither blocks nor redacts anything.
    [[nodiscard]] std::size_t holdback() const noexcept { return hold_ == 0 ? 0 : hold_ + kStep; }
    [[nodiscard]] bool blocked() const noexcept { return stopped_; }
    [[nodiscard]] const CheckResult& result() const noexcept { return result_; }
    // Text of each finding of the result, as it was fed.
    [[nodiscard]] const std::vector<std::string>& texts() const noexcept { return texts_; }
    [[nodiscard]] const Placeholders& placeholders() const noexcept { return placeholders_; }
    // The begin of the text for the deep tier, which reads no more: all of it up to kHead bytes, invalid bytes
    // included.
    static constexpr std::size_t kHead = 64 * 1024;
    [[nodiscard]] const std::string& head() const noexcept { return head_; }
    // Bytes fed, and bytes of the buffers, for tests of bounds.
    [[nodiscard]] std::uint64_t received() const noexcept { return base_ + buffer_.size(); }
    [[nodiscard]] std::size_t memory() const noexcept {
        return buffer_.capacity() + clean_.capacity() + head_.capacity();
    }

  private:
    [[nodiscard]] std::size_t needed_hold(std::size_t most) const;
    [[nodiscard]] bool may_block(std::uint8_t category) const noexcept;
    [[nodiscard]] bool matters(const Finding& finding) const noexcept;
    [[nodiscard]] bool blocks(const CheckResult& evidence) const noexcept;
    // Bytes [begin, end) of the text, with U+FFFD in the place of surrogates.
    [[nodiscard]] Segment piece(std::uint64_t begin, std::uint64_t end);
    [[nodiscard]] std::string_view kept(std::uint64_t begin, std::uint64_t end) const noexcept;
    // The greatest border of a character at or before `at`, as far as bytes before it tell.
    [[nodiscard]] std::uint64_t border(std::uint64_t at) const noexcept;

    void judge_segments(bool last, Scratch& scratch);
    void judge_segment(const SegmentCut& cut, Scratch& scratch);
    void compare();
    void step(bool last, Scratch& scratch, std::string& out);
    void follow_run(std::uint64_t end) noexcept;
    void note_placeholders(std::uint64_t end);
    [[nodiscard]] std::uint64_t hold_growing(std::uint64_t frontier, std::uint64_t end) noexcept;
    void decide(std::uint64_t frontier, std::uint64_t end, bool last, std::string& out);
    [[nodiscard]] bool tips(const Finding& finding);
    void release(std::uint64_t end, std::string& out);
    void forget();

    const Engine& engine_;
    StreamOptions options_;
    std::size_t hold_;

    std::string buffer_;  // of the text from byte base_ on
    std::uint64_t base_ = 0;
    bool surrogates_ = false;
    std::string head_;   // only where there is a deep tier
    std::string clean_;  // a piece without surrogates

    // The judging of the whole.
    CheckResult result_;
    std::vector<std::string> texts_;
    TextPlace segment_;  // where the next one begins
    bool started_ = false;
    bool ended_ = false;        // judged, or all that may be read was
    std::size_t compared_ = 0;  // findings of the result that were compared with what was released

    // The release.
    std::uint64_t released_ = 0;    // everything before is decided
    std::uint64_t wait_until_ = 0;  // no window before so much has come
    std::uint64_t run_begin_ = 0;   // of the run of key-like letters that the text ends with
    std::uint64_t run_seen_ = 0;
    std::uint64_t literal_seen_ = 0;
    CheckResult window_;
    CheckResult evidence_;  // what windows found, each signature once
    struct Range {
        std::uint64_t begin;
        std::uint64_t end;
        bool confirmed;
    };
    std::vector<Range> replaced_;  // that may still be compared with findings
    Placeholders placeholders_;
    bool stopped_ = false;
    bool missed_ = false;
};

}  // namespace fastguard

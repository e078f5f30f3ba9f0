// Phrase matches from concept events.
#include "fastguard/error.h"
#include "fastguard/phrases.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace fastguard {
namespace {

// States of a half-filled phrase: which slots are filled (a bit each), or how many where the order is fixed.
constexpr std::size_t kStates = std::size_t{1} << kMaxSlots;

// For each state the latest first token (+ 1; 0: not reached) of a choice of events that end at or before `last`.
struct Snapshot {
    std::uint32_t last = 0;
    std::array<std::uint32_t, kStates> start{};
};

// Events overlap those that end less than kMaxEntryTokens before, so as many snapshots are ever asked for.
class History {
  public:
    void clear() noexcept { count_ = 0; }
    [[nodiscard]] const Snapshot* before(std::uint32_t token) const noexcept {
        const std::size_t kept = std::min(count_, ring_.size());
        for (std::size_t back = 1; back <= kept; ++back) {
            const Snapshot& s = ring_[(count_ - back) % ring_.size()];
            if (s.last < token) {
                return &s;
            }
        }
        return nullptr;
    }
    [[nodiscard]] const Snapshot* latest() const noexcept {
        return count_ == 0 ? nullptr : &ring_[(count_ - 1) % ring_.size()];
    }
    void push(const Snapshot& s) noexcept { ring_[count_++ % ring_.size()] = s; }

  private:
    std::array<Snapshot, 2 * kMaxEntryTokens> ring_;
    std::size_t count_ = 0;
};

// One phrase over the events of one text.
class Run {
  public:
    Run(const Phrase& phrase, std::span<const ConceptEvent> events) noexcept : phrase_(phrase), events_(events) {}

    // The next match, left to right; false at the end.
    bool next(PhraseMatch& match) noexcept {
        while (at_ < events_.size()) {
            const std::uint32_t last = events_[at_].last;
            const std::uint32_t start = take_events_ending_at(last);
            if (start == 0) {
                continue;
            }
            match = {phrase_.tag, start - 1, last};
            const bool close = phrase_.within == 0 || last - match.first < phrase_.within;
            if (close && !vetoed(match)) {
                free_ = last + 1;
                history_.clear();
                return true;
            }
        }
        return false;
    }

  private:
    // Extends the states by all events that end at `last`; the start (+ 1) of a complete choice ending there, or 0.
    std::uint32_t take_events_ending_at(std::uint32_t last) noexcept {
        const std::size_t slots = phrase_.slots.size();
        const std::size_t full = phrase_.ordered ? slots : (std::size_t{1} << slots) - 1;
        Snapshot now;
        if (const Snapshot* latest = history_.latest()) {
            now = *latest;
        }
        now.last = last;
        bool touched = false;
        std::uint32_t best = 0;
        for (; at_ < events_.size() && events_[at_].last == last; ++at_) {
            const ConceptEvent& event = events_[at_];
            const auto found = std::find(phrase_.slots.begin(), phrase_.slots.end(), event.concept_id);
            if (found == phrase_.slots.end() || event.first < free_) {
                continue;
            }
            touched = true;
            const auto slot = static_cast<std::size_t>(found - phrase_.slots.begin());
            const Snapshot* before = history_.before(event.first);
            const auto extend = [&](std::size_t from, std::size_t to) {
                const std::uint32_t start = from == 0 ? event.first + 1 : before == nullptr ? 0 : before->start[from];
                now.start[to] = std::max(now.start[to], start);
                if (to == full) {
                    best = std::max(best, start);
                }
            };
            if (phrase_.ordered) {
                extend(slot, slot + 1);
                continue;
            }
            const std::size_t bit = std::size_t{1} << slot;
            for (std::size_t state = 0; state <= full; ++state) {
                if ((state & bit) == 0) {
                    extend(state, state | bit);
                }
            }
        }
        if (touched) {
            history_.push(now);
        }
        return best;
    }

    [[nodiscard]] bool vetoed(const PhraseMatch& match) const noexcept {
        if (phrase_.unless.empty()) {
            return false;
        }
        // Events come in order of their last token, and an entry has at most kMaxEntryTokens: the scan is bounded.
        const std::uint32_t from = match.first > kUnlessBefore ? match.first - kUnlessBefore : 0;
        const auto begin = std::partition_point(events_.begin(), events_.end(),
                                                [from](const ConceptEvent& e) { return e.last < from; });
        for (auto e = begin; e != events_.end() && e->last <= match.last + kMaxEntryTokens; ++e) {
            if (e->first >= from && e->first <= match.last &&
                std::find(phrase_.unless.begin(), phrase_.unless.end(), e->concept_id) != phrase_.unless.end()) {
                return true;
            }
        }
        return false;
    }

    const Phrase& phrase_;
    std::span<const ConceptEvent> events_;
    History history_;
    std::size_t at_ = 0;
    std::uint32_t free_ = 0;  // the first token that a match may use
};

}  // namespace

PhraseMatcher::PhraseMatcher(std::vector<Phrase> phrases, const Commonness& commonness) {
    std::array<std::uint32_t, kMaxConcepts> uses{};
    for (const Phrase& phrase : phrases) {
        for (const ConceptId slot : phrase.slots) {
            ++uses[slot];
        }
    }
    const auto anchor = [&uses](const Phrase& phrase) {
        return *std::min_element(phrase.slots.begin(), phrase.slots.end(),
                                 [&](ConceptId a, ConceptId b) { return uses[a] < uses[b]; });
    };
    std::stable_sort(phrases.begin(), phrases.end(),
                     [&](const Phrase& a, const Phrase& b) { return anchor(a) < anchor(b); });
    for (const Phrase& phrase : phrases) {
        ++anchors_[anchor(phrase) + 1U];
        ConceptSet needed;
        for (const ConceptId slot : phrase.slots) {
            needed.add(slot);
        }
        needed_.push_back(needed);
    }
    std::partial_sum(anchors_.begin(), anchors_.end(), anchors_.begin());
    phrases_ = std::move(phrases);
    index_by_rarest(commonness);
}

void PhraseMatcher::index_by_rarest(const Commonness& commonness) {
    std::vector<std::pair<ConceptId, std::size_t>> by_rarest;
    for (std::size_t place = 0; place < phrases_.size(); ++place) {
        const std::vector<ConceptId>& slots = phrases_[place].slots;
        const ConceptId rarest = *std::min_element(
            slots.begin(), slots.end(), [&](ConceptId a, ConceptId b) { return commonness[a] < commonness[b]; });
        by_rarest.emplace_back(rarest, place);
        rarest_.add(rarest);
        ++rarest_places_[rarest + 1U];
    }
    std::sort(by_rarest.begin(), by_rarest.end());
    for (const auto& [rarest, place] : by_rarest) {
        needed_by_rarest_.push_back(needed_[place]);
    }
    std::partial_sum(rarest_places_.begin(), rarest_places_.end(), rarest_places_.begin());
}

bool PhraseMatcher::any_complete(const ConceptSet& rarest, const ConceptSet& concepts) const noexcept {
    for (std::size_t i = 0; i < rarest.words.size(); ++i) {
        for (std::uint64_t word = rarest.words[i]; word != 0; word &= word - 1) {
            const std::size_t concept_id = i * 64 + static_cast<std::size_t>(std::countr_zero(word));
            for (std::size_t place = rarest_places_[concept_id]; place < rarest_places_[concept_id + 1]; ++place) {
                if (concepts.contains(needed_by_rarest_[place])) {
                    return true;
                }
            }
        }
    }
    return false;
}

std::size_t PhraseMatcher::match(const PhraseScratch& events, std::size_t limit, std::span<PhraseMatch> out,
                                 bool& truncated) const noexcept {
    std::size_t written = 0;
    std::size_t left = phrases_.size();  // phrases that still are to have room for one match
    const std::span<const ConceptEvent> all(events.events.data(), events.event_count);
    for (std::size_t i = 0; i < events.seen.words.size(); ++i) {
        for (std::uint64_t word = events.seen.words[i]; word != 0; word &= word - 1) {
            const std::size_t concept_id = i * 64 + static_cast<std::size_t>(std::countr_zero(word));
            for (std::size_t place = anchors_[concept_id]; place < anchors_[concept_id + 1]; ++place) {
                --left;
                if (!complete(place, events.seen)) {
                    continue;
                }
                Run run(phrases_[place], all);
                PhraseMatch match{};
                for (std::size_t n = 0; run.next(match); ++n) {
                    const bool crowded = n > 0 && out.size() - written <= left;
                    if (n == limit || crowded || written == out.size()) {
                        truncated = true;
                        break;
                    }
                    out[written++] = match;
                }
            }
        }
    }
    return written;
}

}  // namespace fastguard

// Names for what a stream redacts.
#include "fastguard/stream.h"

#include <algorithm>
#include <string>

namespace fastguard {

const std::string& Placeholders::of(const std::string& entity, std::string_view value) {
    const auto key = std::make_pair(entity, std::string(value));
    const auto known = names_.find(key);
    if (known != names_.end()) {
        return known->second;
    }
    do {
        last_ = "<" + entity + "_" + std::to_string(++counts_[entity]) + ">";
    } while (taken_.contains(last_));
    if (all_.size() == kMostKept) {
        full_ = true;
        return last_;
    }
    all_.emplace_back(last_, key.second);
    return names_.emplace(key, last_).first->second;
}

bool Placeholders::reserve(const std::string& literal) {
    const bool used = std::any_of(all_.begin(), all_.end(), [&](const auto& pair) { return pair.first == literal; });
    if (!used && taken_.size() < kMostKept) {
        taken_.insert(literal);
    }
    return !used;
}

}  // namespace fastguard

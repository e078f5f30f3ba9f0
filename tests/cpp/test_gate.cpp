// The gate gives what its formula gives in double precision.
#include "fastguard/gate.h"

#include "check.h"
#include "fastguard/error.h"
#include "material.h"

#include <cmath>
#include <limits>

namespace {

using fastguard::DenseFeatures;
using fastguard::Gate;
using fastguard::GateBlock;
using fastguard::GateResult;
using fastguard::kDenseFeatures;
using fastguard::kFeatureSlots;
using fastguard::kGateBuckets;
using fastguard::kGateLabels;
using fastguard::kGateMask;
using fastguard::kStrideTokens;
using fastguard::kWindowTokens;
using fastguard::Label;
using material::Random;

using Table = std::vector<std::int16_t>;
using Ids = std::vector<std::uint16_t>;

float small(Random& random) { return static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 500.0F; }

Table random_table(Random& random, std::int16_t greatest) {
    Table table(kGateBuckets * kGateLabels);
    for (std::int16_t& weight : table) {
        weight = static_cast<std::int16_t>(static_cast<int>(random() % (2U * static_cast<unsigned>(greatest) + 1)) -
                                           greatest);
    }
    return table;
}

std::vector<Label> random_labels(Random& random, std::size_t count) {
    std::vector<Label> labels(count);
    for (Label& label : labels) {
        label.bias = small(random);
        for (float& weight : label.dense) {
            weight = small(random);
        }
        label.gate = {0.5F + std::abs(small(random)), small(random)};
    }
    return labels;
}

Ids random_ids(Random& random, std::size_t tokens) {
    Ids ids(tokens * kFeatureSlots);
    for (std::uint16_t& id : ids) {
        id = random() % 4 == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(random());
    }
    return ids;
}

// Sums over the rows of a gate, as WordPass gives them.
std::vector<GateBlock> blocks_of(const Gate& gate, const Ids& ids) {
    const std::size_t tokens = ids.size() / kFeatureSlots;
    std::vector<GateBlock> blocks(std::max<std::size_t>(1, (tokens + kStrideTokens - 1) / kStrideTokens));
    for (std::size_t i = 0; i < ids.size(); ++i) {
        GateBlock& block = blocks[i / (kStrideTokens * kFeatureSlots)];
        block.count += ids[i] == 0 ? 0U : 1U;
        for (std::size_t l = 0; l < gate.rows().width; ++l) {
            block.sums[l] += gate.rows().of(ids[i])[l];
        }
    }
    return blocks;
}

GateResult evaluate(const Gate& gate, const Ids& ids, const DenseFeatures& dense, std::vector<float>& window_scores) {
    const std::vector<GateBlock> blocks = blocks_of(gate, ids);
    window_scores.assign(blocks.size(), 0.0F);
    return gate.score(blocks, dense, window_scores.data());
}

struct Expected {
    std::vector<double> logits;         // of the text
    std::vector<double> window_scores;  // strongest calibrated logit of each window
};

// The header's formula over the windows as they are defined: kWindowTokens tokens every kStrideTokens.
Expected plain_evaluate(const Table& table, const std::vector<Label>& labels, double scale, const Ids& ids,
                        const DenseFeatures& dense) {
    const std::size_t tokens = ids.size() / kFeatureSlots;
    Expected expected{std::vector<double>(labels.size(), -std::numeric_limits<double>::infinity()), {}};
    for (std::size_t window = 0; window < fastguard::window_count(tokens); ++window) {
        const std::size_t begin = std::min(tokens, window * kStrideTokens) * kFeatureSlots;
        const std::size_t end = std::min(tokens, window * kStrideTokens + kWindowTokens) * kFeatureSlots;
        double strongest = -std::numeric_limits<double>::infinity();
        for (std::size_t l = 0; l < labels.size(); ++l) {
            double sum = 0.0;
            double count = 0.0;
            for (std::size_t i = begin; i < end; ++i) {
                if (ids[i] != 0) {
                    const std::size_t row = ids[i] & kGateMask;
                    sum += row == 0 ? 0 : table[row * kGateLabels + l];
                    count += 1.0;
                }
            }
            double logit = static_cast<double>(labels[l].bias) + (count > 0.0 ? scale * sum / std::sqrt(count) : 0.0);
            for (std::size_t d = 0; d < kDenseFeatures; ++d) {
                logit += static_cast<double>(labels[l].dense[d]) * static_cast<double>(dense[d]);
            }
            expected.logits[l] = std::max(expected.logits[l], logit);
            strongest = std::max(strongest,
                                 static_cast<double>(labels[l].gate.a) * logit + static_cast<double>(labels[l].gate.b));
        }
        expected.window_scores.push_back(strongest);
    }
    return expected;
}

void check_close(double actual, double expected) {
    const double allowed = 1e-4 * (1.0 + std::abs(expected));
    if (!(std::abs(actual - expected) <= allowed)) {
        CHECK_EQUAL(actual, expected);
    }
}

void random_texts_score_as_in_double_precision() {
    Random random(1);
    const Table table = random_table(random, 30'000);
    std::vector<float> window_scores;
    for (const std::size_t tokens :
         {0U, 1U, 2U, 63U, 64U, 65U, 127U, 128U, 129U, 191U, 192U, 193U, 255U, 256U, 257U, 500U, 1000U, 5000U}) {
        for (std::size_t count = 1; count <= kGateLabels; ++count) {
            const std::vector<Label> labels = random_labels(random, count);
            const float scale = 0.001F;
            const Gate gate(table, labels, scale);
            const Ids ids = random_ids(random, tokens);
            DenseFeatures dense{};
            for (float& value : dense) {
                value = std::abs(small(random));
            }
            const Expected expected = plain_evaluate(table, labels, static_cast<double>(scale), ids, dense);
            const GateResult result = evaluate(gate, ids, dense, window_scores);
            CHECK_EQUAL(result.windows, expected.window_scores.size());
            for (std::size_t l = 0; l < count; ++l) {
                check_close(static_cast<double>(result.logits[l]), expected.logits[l]);
            }
            for (std::size_t w = 0; w < std::min(result.windows, expected.window_scores.size()); ++w) {
                check_close(static_cast<double>(window_scores[w]), expected.window_scores[w]);
            }
        }
    }
}

void unused_labels_never_speak() {
    Random random(3);
    std::vector<float> window_scores;
    const Gate gate(random_table(random, 100), random_labels(random, 3), 1.0F);
    const GateResult result = evaluate(gate, random_ids(random, 50), {}, window_scores);
    for (std::size_t l = 3; l < kGateLabels; ++l) {
        CHECK(std::isinf(result.logits[l]) && result.logits[l] < 0.0F);
    }
}

void the_row_of_no_feature_counts_for_nothing() {
    const Table table(kGateBuckets * kGateLabels, 1000);
    const Gate gate(table, std::vector<Label>(1), 1.0F);
    for (std::size_t l = 0; l < kGateLabels; ++l) {
        CHECK_EQUAL(gate.rows().of(0)[l % gate.rows().width], 0);
    }
    std::vector<float> window_scores;
    CHECK_EQUAL(evaluate(gate, Ids(30, 0), {}, window_scores).logits[0], 0.0F);
}

void windows_are_copied_in_order_and_padded() {
    Random random(4);
    for (const std::size_t tokens : {0U, 1U, 64U, 128U, 129U, 300U}) {
        const Ids ids = random_ids(random, tokens);
        for (std::size_t window = 0; window < fastguard::window_count(tokens); ++window) {
            std::vector<std::int32_t> copied(fastguard::kWindowIds, -1);
            fastguard::window_ids(ids, window, copied.data());
            for (std::size_t i = 0; i < copied.size(); ++i) {
                const std::size_t at = window * kStrideTokens * kFeatureSlots + i;
                CHECK_EQUAL(copied[i], at < ids.size() ? ids[at] : 0);
            }
        }
    }
}

void every_token_is_in_a_window() {
    for (std::size_t tokens = 0; tokens < 1000; ++tokens) {
        const std::size_t windows = fastguard::window_count(tokens);
        CHECK(windows >= 1);
        CHECK((windows - 1) * kStrideTokens + kWindowTokens >= tokens);
        CHECK(windows == 1 || (windows - 1) * kStrideTokens < tokens);
    }
}

void probabilities_are_those_of_the_logistic_function() {
    const fastguard::Calibration plain;
    CHECK_EQUAL(plain(0.0F), 0.5F);
    CHECK_EQUAL(plain(-std::numeric_limits<float>::infinity()), 0.0F);
    CHECK_EQUAL(plain(std::numeric_limits<float>::infinity()), 1.0F);
    const fastguard::Calibration scaled{2.0F, -1.0F};
    check_close(static_cast<double>(scaled(0.75F)), 1.0 / (1.0 + std::exp(-0.5)));
    const fastguard::Calibration of_many{2.0F, -1.0F, 0.5F};
    CHECK_EQUAL(of_many(0.75F), scaled(0.75F));
    CHECK_EQUAL(of_many(1.75F, 2.0F), scaled(0.75F));
    CHECK_EQUAL(fastguard::length_of(1, 100), 0.0F);
    CHECK_EQUAL(fastguard::length_of(1, fastguard::kBriefWords), 0.0F);
    CHECK_EQUAL(fastguard::length_of(1, 0), -1.0F);
    CHECK_EQUAL(fastguard::length_of(3, 0), std::log(3.0F));
    const fastguard::Calibration of_brief{2.0F, -1.0F, 0.5F, 3.0F};
    CHECK_EQUAL(of_brief(1.75F, 2.0F), scaled(0.75F));
    CHECK_EQUAL(of_brief.scaled(0.75F, fastguard::length_of(1, 0)), scaled.scaled(0.75F) - 3.0F);
    CHECK_EQUAL(of_brief.scaled(0.75F, fastguard::length_of(1, 6)), scaled.scaled(0.75F) - 1.5F);
}

template <class Make>
void check_refused(std::string_view field, Make make) {
    try {
        make();
        CHECK_EQUAL("a gate", field);
    } catch (const fastguard::BuildError& error) {
        CHECK_EQUAL(error.id(), "gate");
        CHECK_EQUAL(error.field(), field);
    }
}

void a_table_or_label_list_of_the_wrong_size_is_refused() {
    const Table good(kGateBuckets * kGateLabels);
    check_refused("table", [] { Gate(Table(), std::vector<Label>(1), 1.0F); });
    check_refused("table", [&] { Gate(Table(good.size() + 1), std::vector<Label>(1), 1.0F); });
    check_refused("labels", [&] { Gate(good, {}, 1.0F); });
    check_refused("labels", [&] { Gate(good, std::vector<Label>(kGateLabels + 1), 1.0F); });
}

}  // namespace

int main() {
    random_texts_score_as_in_double_precision();
    unused_labels_never_speak();
    the_row_of_no_feature_counts_for_nothing();
    windows_are_copied_in_order_and_padded();
    every_token_is_in_a_window();
    probabilities_are_those_of_the_logistic_function();
    a_table_or_label_list_of_the_wrong_size_is_refused();
    return check::result();
}

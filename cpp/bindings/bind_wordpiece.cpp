// `WordPiece`: texts to the windows of piece ids that a transformer is given.
#include "register.h"

#include "fastguard/normalizer.h"
#include "fastguard/text.h"
#include "fastguard/transcode.h"
#include "fastguard/wordpiece.h"
#include "python.h"

#include <limits>

namespace py = pybind11;

namespace fastguard::python {
namespace {

// The UTF-8 of a str or bytes; `own` holds it where it has to be made. At most `most` units are read.
std::string_view utf8_of(const py::object& object, std::size_t most, std::vector<char>& own) {
    Text text;
    if (!text_of(object.ptr(), text, "text")) {
        throw py::error_already_set();
    }
    const std::size_t units = std::min({text.units, most, std::size_t{1} << 30});
    if (text.is_bytes()) {
        return {static_cast<const char*>(text.data), units};
    }
    std::size_t surrogates = 0;
    own.resize(4 * units + kTranscodeSlack);
    return {own.data(), transcode(text, 0, units, own.data(), surrogates)};
}

// The folded view of a text of any size, in a buffer that grows with what it needs.
std::string fold_all(std::string_view text) {
    std::string folded;
    std::vector<std::uint32_t> origin;
    FoldCursor cursor;
    FoldStats stats{};
    std::size_t room = text.size() + kFoldReserve + 64;
    do {
        room *= 2;
        folded.resize(room);
        origin.resize(room + 1);
    } while (!fold_step(text.data(), text.size(), folded.data(), origin.data(), room, cursor, stats));
    folded.resize(cursor.written);
    return folded;
}

struct Windows {
    std::vector<std::int64_t> ids;
    std::vector<std::int64_t> lengths;
    std::size_t longest = 0;
};

// `frame`: the ids before and after the pieces of each window, and the padding behind them.
struct Frame {
    std::vector<std::int64_t> before;
    std::vector<std::int64_t> after;
    std::int64_t padding = 0;
};

Windows make_windows(const std::vector<Piece>& pieces, std::size_t width, std::size_t stride, const Frame& frame) {
    Windows made;
    const std::size_t count = piece_windows(pieces.size(), width, stride);
    const std::size_t around = frame.before.size() + frame.after.size();
    made.longest = std::min(pieces.size(), width) + around;
    made.ids.assign(count * made.longest, frame.padding);
    for (std::size_t w = 0; w < count; ++w) {
        const std::size_t begin = w * stride;
        const std::size_t end = std::min(pieces.size(), begin + width);
        auto out = std::copy(frame.before.begin(), frame.before.end(),
                             made.ids.begin() + static_cast<std::ptrdiff_t>(w * made.longest));
        for (std::size_t i = begin; i < end; ++i) {
            *out++ = pieces[i].id;
        }
        std::copy(frame.after.begin(), frame.after.end(), out);
        made.lengths.push_back(static_cast<std::int64_t>(end - begin + around));
    }
    return made;
}

py::bytes as_bytes(const std::vector<std::int64_t>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(std::int64_t)};
}

py::tuple windows_of(const WordPiece& tokenizer, const py::object& text, std::size_t width, std::size_t stride,
                     const std::vector<std::int64_t>& before, const std::vector<std::int64_t>& after,
                     std::int64_t padding, const std::string& view, std::size_t most) {
    if (width == 0 || stride == 0 || stride > width) {
        throw py::value_error("width and stride must be positive, the stride at most the width");
    }
    if (view != "raw" && view != "folded") {
        throw py::value_error("view must be 'raw' or 'folded'");
    }
    std::vector<char> own;
    const std::string_view source = utf8_of(text, most, own);
    Windows made;
    {
        const py::gil_scoped_release release;
        const std::string folded = view == "folded" ? fold_all(source) : std::string();
        std::vector<Piece> pieces;
        tokenizer.encode(view == "folded" ? std::string_view(folded) : source, pieces);
        made = make_windows(pieces, width, stride, {before, after, padding});
    }
    return py::make_tuple(as_bytes(made.ids), as_bytes(made.lengths), made.longest);
}

py::list encode(const WordPiece& tokenizer, const py::object& text) {
    std::vector<char> own;
    const std::string_view source = utf8_of(text, std::numeric_limits<std::size_t>::max(), own);
    std::vector<Piece> pieces;
    tokenizer.encode(source, pieces);
    py::list result(pieces.size());
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        result[i] = py::make_tuple(pieces[i].id, pieces[i].begin, pieces[i].end);
    }
    return result;
}

}  // namespace

void register_wordpiece(py::module_& module) {
    py::class_<WordPiece>(module, "WordPiece", "The tokenizer of BERT over a vocabulary.")
        .def(py::init([](const std::vector<std::string>& vocabulary, bool uncased, const std::string& unknown,
                         const std::string& prefix, std::size_t longest_word) {
                 return WordPiece(vocabulary, {uncased, unknown, prefix, longest_word});
             }),
             py::arg("vocabulary"), py::kw_only(), py::arg("uncased") = true, py::arg("unknown") = "[UNK]",
             py::arg("prefix") = "##", py::arg("longest_word") = 100)
        .def("__len__", &WordPiece::size)
        .def("encode", &encode, py::arg("text"), "Pieces of a text: id and first and last byte in its UTF-8.")
        .def("windows", &windows_of, py::arg("text"), py::kw_only(), py::arg("width"), py::arg("stride"),
             py::arg("before"), py::arg("after"), py::arg("padding"), py::arg("view") = "raw",
             py::arg("most") = std::numeric_limits<std::size_t>::max(),
             "int64 ids of all windows, padded to the longest, their lengths, and the longest.");
}

}  // namespace fastguard::python

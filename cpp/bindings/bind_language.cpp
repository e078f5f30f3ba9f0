// The language of a text: `language_of`, `language_segments` and, for training, `language_buckets`.
#include "register.h"

#include "fastguard/language.h"

#include <string>

namespace py = pybind11;

namespace fastguard::python {
namespace {

// The code points of a `str`, lone surrogates included.
std::u32string code_points(const py::str& text) {
    const Py_ssize_t size = PyUnicode_GET_LENGTH(text.ptr());
    const int kind = PyUnicode_KIND(text.ptr());
    const void* data = PyUnicode_DATA(text.ptr());
    std::u32string out(static_cast<std::size_t>(size), U'\0');
    for (Py_ssize_t i = 0; i < size; ++i) {
        out[static_cast<std::size_t>(i)] = PyUnicode_READ(kind, data, i);
    }
    return out;
}

py::tuple as_tuple(const LanguageGuess& guess) {
    return py::make_tuple(py::str(guess.language.data(), guess.language.size()),
                          py::str(guess.script.data(), guess.script.size()), guess.confidence);
}

}  // namespace

void register_language(py::module_& module) {
    module.def(
        "language_of", [](const py::str& text) { return as_tuple(language_of(code_points(text))); }, py::arg("text"),
        "The language, the script and the confidence of a text.");
    module.def(
        "language_segments",
        [](const py::str& text) {
            py::list found;
            for (const LanguageSegment& segment : language_segments(code_points(text))) {
                found.append(py::make_tuple(segment.begin, segment.end) + as_tuple(segment.guess));
            }
            return found;
        },
        py::arg("text"), "Runs of one language: (start, end, language, script, confidence) in code points.");
    module.def(
        "language_buckets", [](const py::str& text) { return language_buckets(code_points(text)); }, py::arg("text"),
        "The buckets of a text's letter groups.");
    py::list names;
    for (const std::string_view name : kGroupedLanguages) {
        names.append(py::str(name.data(), name.size()));
    }
    module.attr("GROUPED_LANGUAGES") = py::tuple(names);
    module.attr("LANGUAGE_BUCKETS") = kLanguageBuckets;
}

}  // namespace fastguard::python

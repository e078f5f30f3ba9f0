// The CPython objects that the hot path makes by hand; pybind11 serves everything else.
//
// A pybind11 method that returns a small struct costs 450 to 800 ns, a raw METH_FASTCALL with a C type about 30 ns.
#pragma once

#include <Python.h>

#include "fastguard/engine.h"

#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

namespace fastguard::python {

// Owns one reference. Empty where a call failed and an exception is set.
class Ref {
  public:
    Ref() noexcept = default;
    explicit Ref(PyObject* object) noexcept : object_(object) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref& operator=(Ref&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    ~Ref() { Py_XDECREF(object_); }

    [[nodiscard]] static Ref borrow(PyObject* object) noexcept {
        Py_XINCREF(object);
        return Ref(object);
    }
    [[nodiscard]] PyObject* get() const noexcept { return object_; }
    [[nodiscard]] PyObject* release() noexcept { return std::exchange(object_, nullptr); }
    explicit operator bool() const noexcept { return object_ != nullptr; }

  private:
    PyObject* object_ = nullptr;
};

[[nodiscard]] inline Ref make_str(std::string_view text) noexcept {
    return Ref(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

// Takes the GIL back. Where the interpreter is ending, Pythons before 3.14 end the thread here by unwinding its stack,
// which these noexcept functions would turn into std::terminate: the thread waits for the process to end instead.
inline void take_gil(PyThreadState* thread) noexcept {
    try {
        PyEval_RestoreThread(thread);
    } catch (...) {
        for (;;) {
            std::this_thread::sleep_for(std::chrono::hours(1));
        }
    }
}

// What a Finding says about its signature, made once per pack: a tuple
// (id, detector, category, summary, severity, tier, confidence, atlas, owasp, cwe).
enum MetaField {
    kMetaId,
    kMetaDetector,
    kMetaCategory,
    kMetaSummary,
    kMetaSeverity,
    kMetaTier,
    kMetaScore,
    kMetaAtlas,
    kMetaOwasp,
    kMetaCwe,
    kMetaFields
};
[[nodiscard]] Ref make_metas(const Pack& pack) noexcept;

// Creates the types and adds them to the module. -1 with an exception set on failure.
int add_category_type(PyObject* module) noexcept;
int add_finding_type(PyObject* module) noexcept;
int add_verdict_type(PyObject* module) noexcept;
int add_guard_type(PyObject* module) noexcept;
int add_stream_type(PyObject* module) noexcept;

[[nodiscard]] Ref make_category(float score, int level) noexcept;

// A finding in `text` (str or bytes; the caller's own object), of no message. `decoded`: CheckResult::decoded_of.
[[nodiscard]] Ref make_finding(PyObject* meta, PyObject* text, const Finding& finding,
                               std::string_view decoded) noexcept;
// The same where only the finding's own part of the text is there, as a str.
[[nodiscard]] Ref make_finding_of_part(PyObject* meta, PyObject* part, const Finding& finding,
                                       std::string_view decoded) noexcept;
[[nodiscard]] bool is_finding(PyObject* object) noexcept;
[[nodiscard]] PyObject* finding_meta(PyObject* finding) noexcept;
// The same finding, said to be of message `message`.
[[nodiscard]] Ref finding_of_message(PyObject* finding, Py_ssize_t message) noexcept;

// The members of the Python enum `Action`, in order; None before they are registered.
[[nodiscard]] PyObject* action_member(Action action) noexcept;
int register_actions(PyObject* members) noexcept;

// A verdict from a final result. Takes new references to `text` and `metas`.
[[nodiscard]] Ref make_verdict(const CheckResult& result, PyObject* text, PyObject* metas) noexcept;
// The same with findings that are made already, a tuple.
[[nodiscard]] Ref make_verdict_of(const CheckResult& result, PyObject* findings) noexcept;
[[nodiscard]] bool is_verdict(PyObject* object) noexcept;
// Verdicts of the texts of one conversation as one; `messages[i]` is the message of text i.
[[nodiscard]] Ref merge_verdicts(PyObject* verdicts, PyObject* messages, PyObject* degraded) noexcept;
[[nodiscard]] Ref verdict_findings(PyObject* verdict) noexcept;

// The text behind a Python object. False with a TypeError set where it is neither str nor bytes; `what` names the
// argument in the message, with `index` where it is not negative.
[[nodiscard]] bool text_of(PyObject* object, Text& text, const char* what, Py_ssize_t index = -1) noexcept;

// Index of a source's name. False with an exception set where it is none.
[[nodiscard]] bool source_of(PyObject* name, std::uint8_t& source) noexcept;

}  // namespace fastguard::python

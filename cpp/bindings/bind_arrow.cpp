// `check_arrow`: columns of strings through the Arrow C data interface and its PyCapsule protocol.
//
// Structures and format strings: "The Arrow C data interface" and "The Arrow C stream interface" of the Arrow columnar
// format. No library of Arrow is needed: the structures are the interface.
#include "guard_object.h"

#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace fastguard::python {
namespace {

struct ArrowSchema {
    const char* format;
    const char* name;
    const char* metadata;
    std::int64_t flags;
    std::int64_t n_children;
    ArrowSchema** children;
    ArrowSchema* dictionary;
    void (*release)(ArrowSchema*);
    void* private_data;
};

struct ArrowArray {
    std::int64_t length;
    std::int64_t null_count;
    std::int64_t offset;
    std::int64_t n_buffers;
    std::int64_t n_children;
    const void** buffers;
    ArrowArray** children;
    ArrowArray* dictionary;
    void (*release)(ArrowArray*);
    void* private_data;
};

struct ArrowArrayStream {
    int (*get_schema)(ArrowArrayStream*, ArrowSchema*);
    int (*get_next)(ArrowArrayStream*, ArrowArray*);
    const char* (*get_last_error)(ArrowArrayStream*);
    void (*release)(ArrowArrayStream*);
    void* private_data;
};

// Releases a structure that was moved or filled in here.
template <class T>
struct Owned {
    T value{};
    Owned() = default;
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() {
        if (value.release != nullptr) {
            value.release(&value);
        }
    }
};

enum class Layout { small, large, view, unsupported };

Layout layout_of(const char* format) noexcept {
    const std::string_view f = format;
    if (f == "u" || f == "z") {
        return Layout::small;
    }
    if (f == "U" || f == "Z") {
        return Layout::large;
    }
    return f == "vu" || f == "vz" ? Layout::view : Layout::unsupported;
}

bool is_null(const ArrowArray& array, std::int64_t at) noexcept {
    const auto* valid = array.n_buffers > 0 ? static_cast<const std::uint8_t*>(array.buffers[0]) : nullptr;
    return valid != nullptr && ((valid[at / 8] >> (at % 8)) & 1) == 0;
}

// The string at absolute position `at`.
std::string_view string_at(const ArrowArray& array, Layout layout, std::int64_t at) noexcept {
    const auto* bytes = [&]() { return static_cast<const char*>(array.buffers[2]); }();
    switch (layout) {
        case Layout::small: {
            const auto* offsets = static_cast<const std::int32_t*>(array.buffers[1]);
            return {bytes + offsets[at], static_cast<std::size_t>(offsets[at + 1] - offsets[at])};
        }
        case Layout::large: {
            const auto* offsets = static_cast<const std::int64_t*>(array.buffers[1]);
            return {bytes + offsets[at], static_cast<std::size_t>(offsets[at + 1] - offsets[at])};
        }
        default: {
            // 16 bytes: length, then the string itself (up to 12 bytes), or 4 bytes of it, buffer index and offset.
            const char* view = static_cast<const char*>(array.buffers[1]) + at * 16;
            std::int32_t length = 0;
            std::memcpy(&length, view, 4);
            if (length <= 12) {
                return {view + 4, static_cast<std::size_t>(length)};
            }
            std::int32_t buffer = 0;
            std::int32_t offset = 0;
            std::memcpy(&buffer, view + 8, 4);
            std::memcpy(&offset, view + 12, 4);
            return {static_cast<const char*>(array.buffers[2 + buffer]) + offset, static_cast<std::size_t>(length)};
        }
    }
}

std::int64_t index_at(const ArrowArray& array, char format, std::int64_t at) noexcept {
    const void* values = array.buffers[1];
    switch (format) {
        case 'c':
            return static_cast<const std::int8_t*>(values)[at];
        case 'C':
            return static_cast<const std::uint8_t*>(values)[at];
        case 's':
            return static_cast<const std::int16_t*>(values)[at];
        case 'S':
            return static_cast<const std::uint16_t*>(values)[at];
        case 'i':
            return static_cast<const std::int32_t*>(values)[at];
        case 'I':
            return static_cast<const std::uint32_t*>(values)[at];
        default:
            return static_cast<const std::int64_t*>(values)[at];
    }
}

// Where the strings of a column are: itself, its dictionary, or the only field of a record batch.
struct Column {
    Layout layout = Layout::unsupported;
    char index_format = 0;  // of a dictionary's indices, or 0
    bool in_struct = false;
};

bool read_schema(const ArrowSchema& schema, Column& column) noexcept {
    const ArrowSchema* field = &schema;
    if (std::strcmp(field->format, "+s") == 0) {
        if (field->n_children != 1) {
            PyErr_Format(PyExc_TypeError, "expected one column of strings, found a table of %lld columns; select one",
                         static_cast<long long>(field->n_children));
            return false;
        }
        column.in_struct = true;
        field = field->children[0];
    }
    if (field->dictionary != nullptr) {
        column.index_format = field->format[0];
        field = field->dictionary;
    }
    column.layout = layout_of(field->format);
    if (column.layout == Layout::unsupported) {
        PyErr_Format(PyExc_TypeError,
                     "expected an Arrow column of utf8, large_utf8, utf8_view, binary or a dictionary of one of them, "
                     "found the format '%s'",
                     field->format);
        return false;
    }
    return true;
}

// Texts of one array; a null has no data.
void read_array(const ArrowArray& batch, const Column& column, std::vector<Text>& texts) {
    const ArrowArray& array = column.in_struct ? *batch.children[0] : batch;
    const std::int64_t shift = column.in_struct ? batch.offset : 0;
    for (std::int64_t i = 0; i < batch.length; ++i) {
        const std::int64_t at = array.offset + shift + i;
        Text text{TextKind::utf8, nullptr, 0};
        bool null = is_null(array, at) || (column.in_struct && is_null(batch, batch.offset + i));
        if (!null) {
            const ArrowArray* values = &array;
            std::int64_t place = at;
            if (column.index_format != 0) {
                values = array.dictionary;
                place = values->offset + index_at(array, column.index_format, at);
                null = is_null(*values, place);
            }
            if (!null) {
                const std::string_view bytes = string_at(*values, column.layout, place);
                // An empty string may lie nowhere; only a null has no address.
                text = bytes.data() == nullptr ? Text{TextKind::utf8, "", 0} : Text::utf8(bytes);
            }
        }
        texts.push_back(text);
    }
}

PyObject* decode_text(void* context, std::size_t index) {
    const Text& text = (*static_cast<const std::vector<Text>*>(context))[index];
    return PyBytes_FromStringAndSize(static_cast<const char*>(text.data), static_cast<Py_ssize_t>(text.units));
}

// The verdicts of one array, appended to `all`.
bool check_array(PyObject* guard, const Hold& hold, const ArrowArray& array, const Column& column, std::uint8_t source,
                 Py_ssize_t threads, PyObject* all) {
    std::vector<Text> texts;
    texts.reserve(static_cast<std::size_t>(array.length));
    read_array(array, column, texts);
    const Ref verdicts = check_texts(guard, hold, texts, &decode_text, &texts, source, threads);
    return verdicts && PyList_SetSlice(all, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, verdicts.get()) == 0;
}

// A capsule whose content another consumer has taken holds null pointers only.
bool released(bool empty) noexcept {
    if (empty) {
        PyErr_SetString(PyExc_ValueError, "the Arrow data was released or consumed before");
    }
    return empty;
}

bool stream_failed(ArrowArrayStream& stream, const char* what) noexcept {
    const char* reason = stream.get_last_error == nullptr ? nullptr : stream.get_last_error(&stream);
    PyErr_Format(PyExc_ValueError, "the Arrow stream gave no %s: %s", what, reason == nullptr ? "no reason" : reason);
    return false;
}

bool check_stream(PyObject* guard, const Hold& hold, PyObject* capsule, std::uint8_t source, Py_ssize_t threads,
                  PyObject* all) {
    auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, "arrow_array_stream"));
    if (stream == nullptr || released(stream->release == nullptr)) {
        return false;
    }
    Owned<ArrowSchema> schema;
    if (stream->get_schema(stream, &schema.value) != 0) {
        return stream_failed(*stream, "schema");
    }
    Column column;
    if (!read_schema(schema.value, column)) {
        return false;
    }
    for (;;) {
        Owned<ArrowArray> array;
        if (stream->get_next(stream, &array.value) != 0) {
            return stream_failed(*stream, "data");
        }
        if (array.value.release == nullptr) {
            return true;
        }
        if (!check_array(guard, hold, array.value, column, source, threads, all)) {
            return false;
        }
    }
}

bool check_pair(PyObject* guard, const Hold& hold, PyObject* pair, std::uint8_t source, Py_ssize_t threads,
                PyObject* all) {
    PyObject* schema_capsule = nullptr;
    PyObject* array_capsule = nullptr;
    if (!PyTuple_Check(pair)) {
        PyErr_Format(PyExc_TypeError, "__arrow_c_array__ must return a tuple of two capsules, not %s",
                     Py_TYPE(pair)->tp_name);
        return false;
    }
    if (!PyArg_ParseTuple(pair, "OO:__arrow_c_array__", &schema_capsule, &array_capsule)) {
        return false;
    }
    const auto* schema = static_cast<const ArrowSchema*>(PyCapsule_GetPointer(schema_capsule, "arrow_schema"));
    const auto* array = static_cast<const ArrowArray*>(PyCapsule_GetPointer(array_capsule, "arrow_array"));
    Column column;
    return schema != nullptr && array != nullptr &&
           !released(schema->release == nullptr || array->release == nullptr) && read_schema(*schema, column) &&
           check_array(guard, hold, *array, column, source, threads, all);
}

}  // namespace

PyObject* guard_check_arrow(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    static const char* names[] = {"column", "source", "threads", nullptr};
    PyObject* column = nullptr;
    PyObject* source_name = nullptr;
    Py_ssize_t threads = 0;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O|$On:check_arrow", const_cast<char**>(names), &column, &source_name,
                                    &threads) == 0) {
        return nullptr;
    }
    std::uint8_t source = 1;
    if (source_name != nullptr && !source_of(source_name, source)) {
        return nullptr;
    }
    const Hold hold(self);
    Ref all(PyList_New(0));
    if (!hold || !all) {
        return nullptr;
    }
    try {
        if (PyObject_HasAttrString(column, "__arrow_c_stream__") != 0) {
            const Ref capsule(PyObject_CallMethod(column, "__arrow_c_stream__", nullptr));
            return capsule && check_stream(self, hold, capsule.get(), source, threads, all.get()) ? all.release()
                                                                                                  : nullptr;
        }
        if (PyObject_HasAttrString(column, "__arrow_c_array__") != 0) {
            const Ref pair(PyObject_CallMethod(column, "__arrow_c_array__", nullptr));
            return pair && check_pair(self, hold, pair.get(), source, threads, all.get()) ? all.release() : nullptr;
        }
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
    PyErr_Format(
        PyExc_TypeError,
        "column must have __arrow_c_stream__ or __arrow_c_array__ (a pyarrow, Polars or DuckDB column), not %s",
        Py_TYPE(column)->tp_name);
    return nullptr;
}

}  // namespace fastguard::python

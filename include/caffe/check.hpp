// Errors: one exception type with a kind, and the macros that throw it.
//
// What the user gave (a file, an option, a shape) is refused with
// TERCET_INPUT_CHECK or TERCET_INPUT_FAIL; the message is the whole text that
// the user reads. CHECK and its family guard contracts between pieces of code,
// as in Caffe, but throw instead of ending the process. Nothing in the library
// aborts or exits; the tools turn an Error into one line and an exit code.
#ifndef CAFFE_CHECK_HPP_
#define CAFFE_CHECK_HPP_

#include <glog/logging.h>

#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace caffe {

class Error : public std::runtime_error {
 public:
  // The value of a kind is the exit code of a tool that fails with it.
  enum Kind { kInput = 1, kUsage = 2, kDevice = 3, kContract = 70 };

  Error(Kind kind, const std::string& message)
      : std::runtime_error(message), kind_(kind) {}
  // kInput: numbers of a run that have left what their type can hold. A solver
  // may go back to where they had not.
  static Error NotFinite(const std::string& message) {
    Error error(kInput, message);
    error.not_finite_ = true;
    return error;
  }

  Kind kind() const { return kind_; }
  int exit_code() const { return static_cast<int>(kind_); }
  bool not_finite() const { return not_finite_; }

  // The same error with "place: " in front of its message.
  Error At(const std::string& place) const {
    return With(kind_, place + ": " + what());
  }
  // The same message under another kind.
  Error As(Kind kind) const { return With(kind, what()); }
  // Both of them new.
  Error With(Kind kind, const std::string& message) const {
    Error error(kind, message);
    error.not_finite_ = not_finite_;
    return error;
  }

 private:
  Kind kind_;
  bool not_finite_ = false;
};

namespace internal {

// Throws what was streamed into the right-hand side: `Thrower(kind) & stream`.
class Thrower {
 public:
  explicit Thrower(Error::Kind kind) : kind_(kind) {}
  [[noreturn]] void operator&(const std::ostream& message) const {
    throw Error(kind_,
                static_cast<const std::ostringstream&>(message).str());
  }

 private:
  Error::Kind kind_;
};

// Null where holds(a, b), else both as text.
template <typename Holds, typename A, typename B>
std::unique_ptr<std::string> Refuted(const Holds& holds, const A& a,
                                     const B& b) {
  if (holds(a, b)) return nullptr;
  std::ostringstream text;
  text << " (" << a << " vs. " << b << ") ";
  return std::make_unique<std::string>(text.str());
}

}  // namespace internal
}  // namespace caffe

#define TERCET_THROW_(kind)                           \
  ::caffe::internal::Thrower(::caffe::Error::kind) & \
      std::ostringstream().flush()

#define TERCET_INPUT_FAIL() TERCET_THROW_(kInput)
#define TERCET_INPUT_CHECK(condition) \
  if (condition) {                    \
  } else /* NOLINT */                 \
    TERCET_INPUT_FAIL()

// As the library's own sources write them.
#ifdef TERCET_SHORT_NAMES
#define INPUT_FAIL() TERCET_INPUT_FAIL()
#define INPUT_CHECK(condition) TERCET_INPUT_CHECK(condition)
#endif

// glog's own CHECK family ends the process, so it is replaced.
#undef CHECK
#undef CHECK_OP
#undef CHECK_EQ
#undef CHECK_NE
#undef CHECK_LE
#undef CHECK_LT
#undef CHECK_GE
#undef CHECK_GT
#undef CHECK_NOTNULL
#undef DCHECK
#undef DCHECK_EQ
#undef DCHECK_NE
#undef DCHECK_LE
#undef DCHECK_LT
#undef DCHECK_GE
#undef DCHECK_GT
#undef NOT_IMPLEMENTED
#undef NO_GPU

#define CHECK(condition)                                       \
  if (condition) {                                             \
  } else /* NOLINT */                                          \
    TERCET_THROW_(kContract) << __FILE__ << ":" << __LINE__    \
                             << ": check failed: " #condition " "

// Each operand is evaluated once.
#define CHECK_OP(holds, op, a, b)                                       \
  if (const auto refuted_ =                                             \
          ::caffe::internal::Refuted(std::holds<>(), (a), (b));         \
      refuted_ == nullptr) {                                            \
  } else /* NOLINT */                                                   \
    TERCET_THROW_(kContract) << __FILE__ << ":" << __LINE__             \
                             << ": check failed: " #a " " #op " " #b    \
                             << *refuted_

#define CHECK_EQ(a, b) CHECK_OP(equal_to, ==, a, b)
#define CHECK_NE(a, b) CHECK_OP(not_equal_to, !=, a, b)
#define CHECK_LE(a, b) CHECK_OP(less_equal, <=, a, b)
#define CHECK_LT(a, b) CHECK_OP(less, <, a, b)
#define CHECK_GE(a, b) CHECK_OP(greater_equal, >=, a, b)
#define CHECK_GT(a, b) CHECK_OP(greater, >, a, b)

namespace caffe {
namespace internal {
template <typename T>
T CheckNotNull(const char* file, int line, const char* name, T&& pointer) {
  if (pointer == nullptr) {
    TERCET_THROW_(kContract) << file << ":" << line << ": " << name
                             << " is null";
  }
  return std::forward<T>(pointer);
}
}  // namespace internal
}  // namespace caffe

#define CHECK_NOTNULL(pointer) \
  ::caffe::internal::CheckNotNull(__FILE__, __LINE__, #pointer, (pointer))

#ifdef NDEBUG
#define TERCET_DCHECK_(check) \
  while (false) check
#else
#define TERCET_DCHECK_(check) check
#endif
#define DCHECK(condition) TERCET_DCHECK_(CHECK(condition))
#define DCHECK_EQ(a, b) TERCET_DCHECK_(CHECK_EQ(a, b))
#define DCHECK_NE(a, b) TERCET_DCHECK_(CHECK_NE(a, b))
#define DCHECK_LE(a, b) TERCET_DCHECK_(CHECK_LE(a, b))
#define DCHECK_LT(a, b) TERCET_DCHECK_(CHECK_LT(a, b))
#define DCHECK_GE(a, b) TERCET_DCHECK_(CHECK_GE(a, b))
#define DCHECK_GT(a, b) TERCET_DCHECK_(CHECK_GT(a, b))

#define NOT_IMPLEMENTED \
  TERCET_THROW_(kContract) << __FILE__ << ":" << __LINE__ \
                           << ": this call has no implementation"

#endif  // CAFFE_CHECK_HPP_

// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/printable.h"

namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Reads a text from the left. After the first part that does not fit, every further step fails, so
/// callers check the outcome once, at the end.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool AtEnd() const { return good_ && rest_.empty(); }

  bool Accept(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void Expect(std::string_view literal) {
    good_ = good_ && rest_.substr(0, literal.size()) == literal;
    if (good_) rest_.remove_prefix(literal.size());
  }

  void ExpectOneOf(std::string_view choices) { good_ = Accept(choices) && good_; }

  /// Reads exactly `count` digits with a value from `low` to `high`.
  int Number(std::size_t count, int low, int high) {
    good_ = good_ && rest_.size() >= count;
    if (!good_) return 0;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      good_ = good_ && IsDigit(c);
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    good_ = good_ && value >= low && value <= high;
    return value;
  }

  /// Reads one or more digits after a decimal point.
  nanoseconds Fraction() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), IsDigit);
    good_ = good_ && end != rest_.begin();
    nanoseconds value{0};
    nanoseconds unit = std::chrono::milliseconds(100);
    for (auto digit = rest_.begin(); digit != end; ++digit) {
      value += (*digit - '0') * unit;
      unit /= 10;
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.begin()));
    return value;
  }

  /// Returns the index of the three-letter name that comes next.
  template <std::size_t N>
  unsigned Name(const std::array<std::string_view, N>& names) {
    const auto* const found = std::find(names.begin(), names.end(), rest_.substr(0, 3));
    good_ = good_ && found != names.end();
    if (!good_) return 0;
    rest_.remove_prefix(3);
    return static_cast<unsigned>(found - names.begin());
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

/// Second 60, a leap second, counts as the first second of the next minute.
seconds ScanTimeOfDay(Scanner& scanner) {
  const hours hour(scanner.Number(2, 0, 23));
  scanner.Expect(":");
  const minutes minute(scanner.Number(2, 0, 59));
  scanner.Expect(":");
  return hour + minute + seconds(scanner.Number(2, 0, 60));
}

/// Reads the offset of local time from UTC.
minutes ScanOffset(Scanner& scanner) {
  if (scanner.Accept("Zz")) return minutes(0);
  const int sign = scanner.Accept("-") ? -1 : 1;
  if (sign > 0) scanner.Expect("+");
  const hours hour(scanner.Number(2, 0, 23));
  scanner.Expect(":");
  return sign * (hour + minutes(scanner.Number(2, 0, 59)));
}

year_month_day Date(int year, unsigned month, int day) {
  return {std::chrono::year(year), std::chrono::month(month),
          std::chrono::day(static_cast<unsigned>(day))};
}

constexpr int kFirstYear = 1970;
constexpr int kLastYear = 2261;

struct CivilTime {
  int year;
  unsigned month;
  unsigned day;
  long hour;
  long minute;
  long second;
};

CivilTime ToCivil(TimePoint time) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  const year_month_day date(day);
  const auto second = (whole - day).count();
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          second / 3600,
          second / 60 % 60,
          second % 60};
}

/// Whether a time is in the years that are accepted. An offset or a leap second may lead out of the
/// year that was written.
bool IsAccepted(TimePoint time) {
  const int year = ToCivil(time).year;
  return year >= kFirstYear && year <= kLastYear;
}

}  // namespace

std::string FormatBasicTimestamp(TimePoint time) {
  const CivilTime t = ToCivil(time);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year, t.month, t.day, t.hour, t.minute,
                     t.second);
}

std::string FormatTimestamp(TimePoint time) {
  const CivilTime t = ToCivil(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.year, t.month, t.day, t.hour,
                     t.minute, t.second);
}

Result<TimePoint> ParseTimestamp(std::string_view text) {
  Scanner scanner(text);
  const int year = scanner.Number(4, kFirstYear, kLastYear);
  scanner.Expect("-");
  const auto month = static_cast<unsigned>(scanner.Number(2, 1, 12));
  scanner.Expect("-");
  const year_month_day date = Date(year, month, scanner.Number(2, 1, 31));
  scanner.ExpectOneOf("Tt");
  const seconds time_of_day = ScanTimeOfDay(scanner);
  const nanoseconds fraction = scanner.Accept(".") ? scanner.Fraction() : nanoseconds(0);
  const minutes offset = ScanOffset(scanner);
  const auto time = [&] { return TimePoint(sys_days{date}) + time_of_day + fraction - offset; };
  if (!scanner.AtEnd() || !date.ok() || !IsAccepted(time())) {
    return Fail(ErrorCode::kMalformed,
                fmt::format("'{}' is not a timestamp like 2026-01-31T12:00:00Z", Printable(text)));
  }
  return time();
}

Result<TimePoint> ParseHttpDate(std::string_view text) {
  Scanner scanner(text);
  const std::chrono::weekday weekday(scanner.Name(kWeekdays));
  scanner.Expect(", ");
  const int day = scanner.Number(2, 1, 31);
  scanner.Expect(" ");
  const unsigned month = scanner.Name(kMonths) + 1;
  scanner.Expect(" ");
  const year_month_day date = Date(scanner.Number(4, kFirstYear, kLastYear), month, day);
  scanner.Expect(" ");
  const seconds time_of_day = ScanTimeOfDay(scanner);
  scanner.Expect(" GMT");
  const auto time = [&] { return TimePoint(sys_days{date}) + time_of_day; };
  if (!scanner.AtEnd() || !date.ok() || std::chrono::weekday(sys_days{date}) != weekday ||
      !IsAccepted(time())) {
    return Fail(
        ErrorCode::kMalformed,
        fmt::format("'{}' is not a date like Sun, 06 Nov 1994 08:49:37 GMT", Printable(text)));
  }
  return time();
}

}  // namespace credmint

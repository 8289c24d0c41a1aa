// SPDX-License-Identifier: Apache-2.0
#include "enrolment/subject_name.h"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <string_view>

#include "base/printable.h"
#include "base/shown_value.h"
#include "ossl/encoding.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using ObjectPtr = Handle<ASN1_OBJECT, ASN1_OBJECT_free>;

constexpr const char* kForm = "write it as /CN=web or /C=DE/O=Example/CN=web";
constexpr const char* kTypes =
    "usual types are CN, O, OU, C, ST, L, DC, UID, serialNumber and emailAddress; others by OID";

/// One part of a name. `joined` means that it belongs to the RDN of the part before it.
struct NamePart {
  std::string type;
  std::string value;
  bool joined = false;
};

class SubjectReader {
 public:
  explicit SubjectReader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool IsAtEnd() const { return at_ == text_.size(); }
  [[nodiscard]] bool EndsWithPlus() const { return joined_ && IsAtEnd(); }

  bool SkipSlash() {
    const bool is_slash = !IsAtEnd() && text_[at_] == '/';
    if (is_slash) ++at_;
    return is_slash;
  }

  Result<NamePart> Next() {
    NamePart part{.type = {}, .value = {}, .joined = joined_};
    const std::size_t end = text_.find('=', at_);
    if (end == std::string_view::npos) {
      return Fail(ErrorCode::kUsage, fmt::format("{} has no '='", Shown(text_.substr(at_))), kForm);
    }
    part.type = text_.substr(at_, end - at_);
    at_ = end + 1;
    for (; !IsAtEnd() && text_[at_] != '/' && text_[at_] != '+'; ++at_) {
      if (text_[at_] == '\\' && ++at_ == text_.size()) {
        return Fail(ErrorCode::kUsage, "it ends with a backslash that escapes nothing",
                    "write \\\\ for a backslash");
      }
      part.value += text_[at_];
    }
    joined_ = !IsAtEnd() && text_[at_] == '+';
    if (!IsAtEnd()) ++at_;
    return part;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool joined_ = false;
};

/// Whether the last RDN has a part of this type. X.501 allows one, and some readers refuse two.
bool LastRdnHas(const X509_NAME* name, const ASN1_OBJECT* type) {
  const int last = X509_NAME_entry_count(name) - 1;
  for (int i = last; i >= 0; --i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
    if (X509_NAME_ENTRY_set(entry) != X509_NAME_ENTRY_set(X509_NAME_get_entry(name, last))) break;
    if (OBJ_cmp(X509_NAME_ENTRY_get_object(entry), type) == 0) return true;
  }
  return false;
}

Result<void> AddPart(X509_NAME* name, const NamePart& part) {
  const std::string shown = Shown(part.type);
  const ObjectPtr type(OBJ_txt2obj(part.type.c_str(), 0));
  ERR_clear_error();
  if (!type) return Fail(ErrorCode::kUsage, fmt::format("there is no type {}", shown), kTypes);
  if (part.value.empty()) return Fail(ErrorCode::kUsage, fmt::format("{} has no value", shown));
  if (PrintableUtf8(part.value) != part.value) {
    return Fail(ErrorCode::kUsage,
                fmt::format("the value of {} is not UTF-8, or has control characters", shown));
  }
  if (part.joined && LastRdnHas(name, type.get())) {
    return Fail(ErrorCode::kUsage, fmt::format("a '+' joins {} with another {}", shown, shown),
                "write a '/' between them");
  }
  const ByteView bytes = AsBytes(part.value);
  if (X509_NAME_add_entry_by_OBJ(name, type.get(), MBSTRING_UTF8, bytes.data(),
                                 static_cast<int>(bytes.size()), -1, part.joined ? -1 : 0) == 1) {
    return {};
  }
  return Fail(TakeOpensslError(ErrorCode::kUsage).In(fmt::format("the value of {}", shown)));
}

}  // namespace

Result<X509NamePtr> ParseSubject(const std::string& text) {
  SubjectReader reader(text);
  if (!reader.SkipSlash()) {
    return Fail(ErrorCode::kUsage, fmt::format("{} does not begin with '/'", Shown(text)), kForm);
  }
  X509NamePtr name(X509_NAME_new());
  if (!name) return Fail(TakeOpensslError(ErrorCode::kInternal));
  do {
    const auto part = reader.Next();
    if (!part) return Fail(part);
    if (auto added = AddPart(name.get(), *part); !added) return Fail(std::move(added));
  } while (!reader.IsAtEnd());
  if (reader.EndsWithPlus()) return Fail(ErrorCode::kUsage, "nothing follows the last '+'");
  return name;
}

std::vector<std::string> CommonNames(const X509_NAME* name) {
  std::vector<std::string> found;
  int at = -1;
  while ((at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0) {
    unsigned char* text = nullptr;
    const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    const int size = ASN1_STRING_to_UTF8(&text, value);
    if (size < 0) continue;
    found.emplace_back(text, text + size);
    OPENSSL_free(text);
  }
  return found;
}

}  // namespace credmint

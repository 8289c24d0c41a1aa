// SPDX-License-Identifier: Apache-2.0
#include "identity/file_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "ossl/pem_blocks.h"

namespace credmint {
namespace {

struct Mark {
  std::string_view text;
  FileForm form;
};

/// How a PEM label begins or ends. The first match counts.
constexpr std::array<Mark, 7> kLabelBegins = {{
    {"PGP ", FileForm::kPgp},
    {"OPENSSH PRIVATE KEY", FileForm::kOpensshKey},
    {"CERTIFICATE REQUEST", FileForm::kRequest},
    {"NEW CERTIFICATE REQUEST", FileForm::kRequest},
    {"X509 CRL", FileForm::kRevocationList},
    {"PKCS7", FileForm::kCertificate},
    {"PKCS #7", FileForm::kCertificate},
}};
constexpr std::array<Mark, 4> kLabelEnds = {{
    {"PUBLIC KEY", FileForm::kPublicKey},
    {"PRIVATE KEY", FileForm::kPrivateKey},
    {"CERTIFICATE", FileForm::kCertificate},
    {"PARAMETERS", FileForm::kParameters},
}};

constexpr std::array<Mark, 7> kFirstBytes = {{
    {"\xFE\xED\xFE\xED", FileForm::kJavaKeystore},
    {"\xCE\xCE\xCE\xCE", FileForm::kJavaKeystore},
    {"PuTTY-User-Key-File-", FileForm::kPuttyKey},
    {"---- BEGIN SSH2 PUBLIC KEY ----", FileForm::kPublicKey},
    {"ssh-", FileForm::kPublicKey},
    {"ecdsa-sha2-", FileForm::kPublicKey},
    {"sk-ssh-", FileForm::kPublicKey},
}};

/// How the tags of a DER SEQUENCE begin, and those in its first element.
struct Shape {
  std::string_view tags;
  std::string_view inner_tags;
  FileForm form;
};

constexpr std::array<Shape, 11> kShapes = {{
    {"\x30\x30\x03", "\xA0", FileForm::kCertificate},                      // the version
    {"\x30\x30\x03", "\x02\x30\x30\x30\x30\x30", FileForm::kCertificate},  // version 1
    {"\x30\x30\x03", "\x02\x30\x30\xA0", FileForm::kRequest},
    {"\x30\x30\x03", "\x02\x30\x30\x17", FileForm::kRevocationList},  // UTCTime
    {"\x30\x30\x03", "\x30\x30\x17", FileForm::kRevocationList},      // version 1
    {"\x30\x03", "\x06", FileForm::kPublicKey},
    {"\x30\x04", "\x06", FileForm::kPrivateKey},                          // encrypted PKCS#8
    {"\x02\x30\x04", "", FileForm::kPrivateKey},                          // PKCS#8
    {"\x02\x04", "", FileForm::kPrivateKey},                              // SEC1
    {"\x02\x02\x02\x02\x02\x02\x02\x02\x02", "", FileForm::kPrivateKey},  // PKCS#1
    {"\x06\xA0", "", FileForm::kCertificate},                             // PKCS#7
}};

struct Explanation {
  FileForm form;
  std::string_view name;
  std::string_view hint_for_key;
  std::string_view hint_for_certificate;
};

constexpr std::string_view kSwapped = "are certificate and private key swapped?";
constexpr std::string_view kToUtf8 = "iconv -f UTF-16 -t UTF-8 OLD > NEW";
constexpr std::string_view kUnescape =
    "write its line ends as line ends: printf '%b\\n' \"$(cat OLD)\" > NEW";
constexpr std::string_view kUnindent = "sed 's/^[[:blank:]]*//' OLD > NEW";
constexpr std::string_view kWhole = "copy the whole file again";
constexpr std::string_view kFromJava =
    "have Java's keytool import it into a keystore of the type PKCS12, and give that";
constexpr std::string_view kNeedKey = "give the private key that was made with it";
constexpr std::string_view kNeedCertificate = "give the certificate that the CA issued for it";
constexpr std::string_view kNeedX509 = "give an X.509 certificate and its key";

constexpr std::array<Explanation, 14> kExplanations = {{
    {FileForm::kUtf16, "text in UTF-16", kToUtf8, kToUtf8},
    {FileForm::kEscapedPem, "PEM whose line ends are written as \\n", kUnescape, kUnescape},
    {FileForm::kIndentedPem, "PEM whose lines are indented", kUnindent, kUnindent},
    {FileForm::kTruncatedPem, "PEM that is cut off: an END line is missing", kWhole, kWhole},
    {FileForm::kPrivateKey, "a private key", "", kSwapped},
    {FileForm::kCertificate, "a certificate", kSwapped, ""},
    {FileForm::kOpensshKey, "a private key in OpenSSH's form",
     "convert a copy: cp OLD NEW && ssh-keygen -p -m PKCS8 -f NEW", kNeedCertificate},
    {FileForm::kPuttyKey, "a private key in PuTTY's form",
     "have PuTTYgen export it in OpenSSH's form, and ssh-keygen write that as PKCS#8",
     kNeedCertificate},
    {FileForm::kJavaKeystore, "a Java keystore (JKS)", kFromJava, kFromJava},
    {FileForm::kRequest, "a certificate signing request", kNeedKey, kNeedCertificate},
    {FileForm::kPublicKey, "a public key", kNeedKey, kNeedCertificate},
    {FileForm::kRevocationList, "a certificate revocation list", kNeedX509, kNeedX509},
    {FileForm::kPgp, "an OpenPGP file", kNeedX509, kNeedX509},
    {FileForm::kParameters, "parameters without a key", kNeedKey, kNeedCertificate},
}};

/// Looks for a byte order mark, or for the dashes of PEM two bytes apart.
bool IsUtf16(std::string_view contents) {
  constexpr std::string_view kLittle("-\0-\0-\0", 6);
  return contents.starts_with("\xFF\xFE") || contents.starts_with("\xFE\xFF") ||
         contents.find(kLittle) != std::string_view::npos;
}

FileForm RecogniseLabel(std::string_view label) {
  for (const Mark& mark : kLabelBegins) {
    if (label.starts_with(mark.text)) return mark.form;
  }
  for (const Mark& mark : kLabelEnds) {
    if (label.ends_with(mark.text)) return mark.form;
  }
  return FileForm::kUnknown;
}

FileForm RecognisePem(const std::vector<PemBlock>& blocks) {
  FileForm first = FileForm::kUnknown;
  for (const PemBlock& block : blocks) {
    const FileForm form = RecogniseLabel(block.label);
    if (form == FileForm::kUnknown) continue;
    if (block.text.find("\\n") != std::string_view::npos) return FileForm::kEscapedPem;
    if (block.is_indented) return FileForm::kIndentedPem;
    if (!block.is_whole) return FileForm::kTruncatedPem;
    if (first == FileForm::kUnknown || form < first) first = form;
  }
  return first;
}

/// Cuts off the first element and returns its tag and contents; nullopt if it is incomplete.
std::optional<std::pair<char, std::string_view>> TakeElement(std::string_view& der) {
  constexpr std::size_t kLongForm = 0x80;
  if (der.size() < 2) return std::nullopt;
  const char tag = der[0];
  std::size_t size = static_cast<unsigned char>(der[1]);
  std::size_t header = 2;
  if (size >= kLongForm) {
    const std::size_t count = size - kLongForm;
    if (count == 0 || count > 3 || der.size() < header + count) return std::nullopt;
    size = 0;
    for (; header < 2 + count; ++header)
      size = size << 8U | static_cast<unsigned char>(der[header]);
  }
  if (der.size() - header < size) return std::nullopt;
  const std::string_view contents = der.substr(header, size);
  der.remove_prefix(header + size);
  return std::pair(tag, contents);
}

/// The tags of consecutive elements, up to an incomplete one.
std::string Tags(std::string_view der) {
  std::string tags;
  while (const auto element = TakeElement(der)) tags += element->first;
  return tags;
}

FileForm RecogniseDer(std::string_view der) {
  const auto outer = TakeElement(der);
  if (!outer || outer->first != '\x30') return FileForm::kUnknown;
  std::string_view rest = outer->second;
  const std::string tags = Tags(rest);
  const auto first = TakeElement(rest);
  const std::string inner = first ? Tags(first->second) : "";
  const auto* const found = std::find_if(kShapes.begin(), kShapes.end(), [&](const Shape& shape) {
    return tags.starts_with(shape.tags) && inner.starts_with(shape.inner_tags);
  });
  return found != kShapes.end() ? found->form : FileForm::kUnknown;
}

}  // namespace

FileForm RecogniseFile(std::string_view contents) {
  if (IsUtf16(contents)) return FileForm::kUtf16;
  const std::vector<PemBlock> blocks = FindPemBlocks(contents);
  if (!blocks.empty()) return RecognisePem(blocks);
  for (const Mark& mark : kFirstBytes) {
    if (contents.starts_with(mark.text)) return mark.form;
  }
  return RecogniseDer(contents);
}

std::optional<Error> ExplainFileForm(std::string_view contents, StoreExpect wanted) {
  const bool wants_key = wanted == StoreExpect::kPrivateKey;
  const FileForm form = RecogniseFile(contents);
  if (form == (wants_key ? FileForm::kPrivateKey : FileForm::kCertificate)) return std::nullopt;
  const auto* const found = std::find_if(kExplanations.begin(), kExplanations.end(),
                                         [&](const Explanation& one) { return one.form == form; });
  if (found == kExplanations.end()) return std::nullopt;
  const bool is_text = form < FileForm::kPrivateKey;
  return Error{ErrorCode::kMalformed,
               is_text ? fmt::format("it is {}", found->name)
                       : fmt::format("it is {}, not a {}", found->name,
                                     wants_key ? "private key" : "certificate"),
               std::string(wants_key ? found->hint_for_key : found->hint_for_certificate)};
}

}  // namespace credmint

#pragma once
#include <curl/curl.h>
#include <sys/eventfd.h>

// Swift cannot call variadic C functions. curl_easy_setopt, curl_easy_getinfo, curl_multi_setopt and
// curl_share_setopt are variadic, and the C type of the third argument depends on the option: one typed
// wrapper for each C type, so that a wrong type does not compile instead of being read as garbage.

/// Options of type `long`: switches, sizes, milliseconds.
static inline CURLcode ist_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

/// Options of type `curl_off_t`: 64-bit sizes.
static inline CURLcode ist_easy_set_off(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/// Options of type `char *`; libcurl copies the text, except for CURLOPT_POSTFIELDS. NULL restores "not set".
static inline CURLcode ist_easy_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

/// Options that take user data or a buffer, which must outlive the transfer.
static inline CURLcode ist_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

/// Options that take a list, which must outlive the transfer.
static inline CURLcode ist_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

/// Options that take a blob; CURL_BLOB_COPY, so that no pointer into Swift memory outlives the call.
static inline CURLcode ist_easy_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

/// CURLOPT_COPYPOSTFIELDS with its size, in the order that libcurl demands (size first).
static inline CURLcode ist_easy_set_body(CURL *easy, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code ? code : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, (const char *)bytes);
}

/// CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION.
static inline CURLcode ist_easy_set_writer(CURL *easy, CURLoption option, curl_write_callback function) {
    return curl_easy_setopt(easy, option, function);
}

/// CURLOPT_PREREQFUNCTION: the connection stands, the request is about to be sent.
static inline CURLcode ist_easy_set_prerequest(CURL *easy, curl_prereq_callback function) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
}

/// CURLOPT_OPENSOCKETFUNCTION: makes the socket of a connection.
static inline CURLcode ist_easy_set_socket_maker(CURL *easy, curl_opensocket_callback function) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}

/// CURLOPT_RESOLVER_START_FUNCTION: a name lookup begins.
static inline CURLcode ist_easy_set_resolver_start(CURL *easy, curl_resolver_start_callback function) {
    return curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, function);
}

/// CURLOPT_SSL_CTX_FUNCTION: a TLS handshake is about to begin.
static inline CURLcode ist_easy_set_tls_start(CURL *easy, curl_ssl_ctx_callback function) {
    return curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, function);
}

/// CURLOPT_SHARE.
static inline CURLcode ist_easy_set_share(CURL *easy, CURLSH *share) {
    return curl_easy_setopt(easy, CURLOPT_SHARE, share);
}

/// CURLINFO_* of type `long`.
static inline CURLcode ist_easy_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

/// CURLINFO_*_T of type `curl_off_t`: sizes, and times in microseconds.
static inline CURLcode ist_easy_get_off(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

/// CURLINFO_* of type `char *`, owned by the handle.
static inline CURLcode ist_easy_get_text(CURL *easy, CURLINFO info, const char **value) {
    return curl_easy_getinfo(easy, info, (char **)value);
}

/// CURLINFO_ACTIVESOCKET: the socket of a connection that is ours to read and write (CURLOPT_CONNECT_ONLY).
static inline CURLcode ist_easy_get_socket(CURL *easy, curl_socket_t *socket) {
    return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, socket);
}

/// CURLMOPT_* of type `long`.
static inline CURLMcode ist_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// CURLSHOPT_SHARE.
static inline CURLSHcode ist_share_add(CURLSH *share, curl_lock_data what) {
    return curl_share_setopt(share, CURLSHOPT_SHARE, what);
}

/// The result inside a CURLMsg: a union, whose pointer member Swift would import beside it.
static inline CURLcode ist_message_result(const CURLMsg *message) { return message->data.result; }

/// A bell that wakes a thread out of poll: an eventfd, which Swift's Glibc module leaves out. -1 when there is none to be had.
static inline int ist_http_bell_new(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void ist_http_bell_ring(int bell) { (void)eventfd_write(bell, 1); }
static inline void ist_http_bell_silence(int bell) { eventfd_t count; (void)eventfd_read(bell, &count); }

#pragma once
#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>

// Wrappers for what Swift cannot import: macros with arguments, and stacks, which are macros over untyped functions. They also give
// X509*, SSL* and the rest distinct parameter types in C; in Swift all of them are OpaquePointer.

/// Macros over SSL_ctrl.
static inline int ist_set_min_version(SSL *ssl, int version) { return SSL_set_min_proto_version(ssl, version); }
static inline int ist_set_max_version(SSL *ssl, int version) { return SSL_set_max_proto_version(ssl, version); }
static inline long ist_set_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, (char *)name); }

/// A flag, which is a macro with an argument.
static const uint64_t ist_no_tickets = SSL_OP_NO_TICKET;

/// Stacks of certificates.
static inline STACK_OF(X509) *ist_x509_stack_new(void) { return sk_X509_new_null(); }
/// Takes a reference of its own.
static inline int ist_x509_stack_push(STACK_OF(X509) *stack, X509 *certificate) {
    if (!X509_up_ref(certificate)) return 0;
    if (sk_X509_push(stack, certificate) > 0) return 1;
    X509_free(certificate);
    return 0;
}
static inline int ist_x509_stack_count(const STACK_OF(X509) *stack) { return stack ? sk_X509_num(stack) : 0; }
static inline X509 *ist_x509_stack_at(const STACK_OF(X509) *stack, int index) { return sk_X509_value(stack, index); }
static inline void ist_x509_stack_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

/// Stacks of names, of extended key usages, of alternative names.
static inline int ist_name_stack_count(const STACK_OF(X509_NAME) *stack) { return stack ? sk_X509_NAME_num(stack) : 0; }
static inline X509_NAME *ist_name_stack_at(const STACK_OF(X509_NAME) *stack, int index) { return sk_X509_NAME_value(stack, index); }
static inline int ist_usage_count(const EXTENDED_KEY_USAGE *usages) { return usages ? sk_ASN1_OBJECT_num(usages) : 0; }
static inline ASN1_OBJECT *ist_usage_at(const EXTENDED_KEY_USAGE *usages, int index) { return sk_ASN1_OBJECT_value(usages, index); }
static inline int ist_general_name_count(const GENERAL_NAMES *names) { return names ? sk_GENERAL_NAME_num(names) : 0; }
static inline GENERAL_NAME *ist_general_name_at(const GENERAL_NAMES *names, int index) { return sk_GENERAL_NAME_value(names, index); }

/// The type and the string of an alternative name, whose value is a union.
static inline int ist_general_name_type(const GENERAL_NAME *name) { return name->type; }
static inline const ASN1_STRING *ist_general_name_string(const GENERAL_NAME *name) {
    switch (name->type) {
    case GEN_URI: case GEN_DNS: case GEN_EMAIL: return name->d.ia5;
    case GEN_IPADD: return name->d.iPAddress;
    default: return NULL;
    }
}

/// Seconds since 1970 of an ASN1_TIME. 0: not a time.
static inline int ist_time(const ASN1_TIME *value, long *seconds) {
    struct tm parts;
    if (!ASN1_TIME_to_tm(value, &parts)) return 0;
    *seconds = timegm(&parts);
    return 1;
}

/// BIO_get_mem_data is a macro over BIO_ctrl.
static inline long ist_bio_memory(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }
/// Macro: an empty memory BIO says "try again" instead of "end".
static inline void ist_bio_never_ends(BIO *bio) { BIO_set_mem_eof_return(bio, -1); }

/// A macro made of macros with casts: RFC 2253's form, but with characters beyond ASCII left as they are.
static inline unsigned long ist_name_flags(void) { return XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB; }

/// Macro: a new key on P-256.
static inline EVP_PKEY *ist_new_ec_key(void) { return EVP_EC_gen("P-256"); }

/// Macros over unsigned long arithmetic.
static inline int ist_error_reason(unsigned long code) { return ERR_GET_REASON(code); }

/// A passphrase callback that has none, so that OpenSSL does not ask on the terminal; it notes that it was asked.
static inline int ist_no_passphrase(char *buffer, int size, int writing, void *asked) {
    (void)buffer; (void)size; (void)writing;
    if (asked) *(int *)asked = 1;
    return -1;
}

/// Variadic: no core dump of this process, and no look into its memory by another of the same user.
static inline void ist_keep_memory_private(void) { (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// A bell that wakes a thread out of its waiting: an eventfd, which Swift's Glibc module leaves out. -1 when there is none to be had.
static inline int ist_tls_bell_new(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void ist_tls_bell_ring(int bell) { (void)eventfd_write(bell, 1); }
static inline void ist_tls_bell_silence(int bell) { eventfd_t count; (void)eventfd_read(bell, &count); }

/// epoll, whose event is a packed struct with a union in it.
static inline int ist_tls_epoll_new(void) { return epoll_create1(EPOLL_CLOEXEC); }
/// Once, when the descriptor is ready for the events (those of poll) or broken, the waiting gives the mark. 0, or errno.
static inline int ist_tls_epoll_watch(int epoll, int descriptor, short events, uint64_t mark) {
    struct epoll_event event = {.events = (uint32_t)events | EPOLLONESHOT, .data.u64 = mark};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) == 0) return 0;
    if (errno == ENOENT && epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0) return 0;
    return errno;
}
/// Waits at most so many milliseconds (-1: for ever) and gives the marks of what is ready.
static inline int ist_tls_epoll_wait(int epoll, uint64_t *marks, int capacity, int milliseconds) {
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, capacity < 64 ? capacity : 64, milliseconds);
    for (int index = 0; index < count; index++) marks[index] = events[index].data.u64;
    return count;
}

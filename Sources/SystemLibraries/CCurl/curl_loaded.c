#include "curl_loaded.h"

#include <dlfcn.h>
#include <pthread.h>

// The variadic macros of curl's type checker would hide the functions whose types are wanted here.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define FUNCTIONS(X) \
    X(curl_global_init) X(curl_easy_init) X(curl_easy_cleanup) X(curl_easy_reset) X(curl_easy_strerror) X(curl_easy_setopt) \
    X(curl_easy_getinfo) X(curl_multi_init) X(curl_multi_cleanup) X(curl_multi_setopt) X(curl_multi_add_handle) \
    X(curl_multi_remove_handle) X(curl_multi_perform) X(curl_multi_poll) X(curl_multi_info_read) X(curl_slist_append) \
    X(curl_slist_free_all)

static struct {
#define FIELD(name) __typeof__(name) *name;
    FUNCTIONS(FIELD)
} loaded;

static const char *failure = "libcurl was not loaded";
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
#ifdef __APPLE__
    void *library = dlopen("libcurl.4.dylib", RTLD_NOW | RTLD_LOCAL);
#else
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
#endif
    if (library == NULL) {
        failure = "libcurl is not installed (on Debian and Ubuntu: libcurl4)";
        return;
    }
#define LOAD(name) \
    loaded.name = (__typeof__(name) *)dlsym(library, #name); \
    if (loaded.name == NULL) { \
        failure = "this libcurl is too old: it has no " #name; \
        return; \
    }
    FUNCTIONS(LOAD)
    failure = loaded.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL : "libcurl cannot be prepared";
}

const char *martlet_curl_load(void) {
    pthread_once(&once, load);
    return failure;
}

CURL *martlet_curl_easy_init(void) { return loaded.curl_easy_init(); }
void martlet_curl_easy_cleanup(CURL *handle) { loaded.curl_easy_cleanup(handle); }
void martlet_curl_easy_reset(CURL *handle) { loaded.curl_easy_reset(handle); }
const char *martlet_curl_easy_strerror(CURLcode code) { return loaded.curl_easy_strerror(code); }

CURLcode martlet_curl_set_long(CURL *handle, CURLoption option, long value) {
    return loaded.curl_easy_setopt(handle, option, value);
}

CURLcode martlet_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return loaded.curl_easy_setopt(handle, option, value);
}

CURLcode martlet_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return loaded.curl_easy_setopt(handle, option, value);
}

CURLcode martlet_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return loaded.curl_easy_setopt(handle, option, value);
}

CURLcode martlet_curl_set_callback(CURL *handle, CURLoption option, curl_write_callback value) {
    return loaded.curl_easy_setopt(handle, option, value);
}

CURLcode martlet_curl_set_open_socket(CURL *handle, curl_opensocket_callback value) {
    return loaded.curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, value);
}

CURLcode martlet_curl_allow_http_only(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return loaded.curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return loaded.curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

CURLcode martlet_curl_leave_slow_resolver(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return loaded.curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)handle;
    return CURLE_OK;
#endif
}

CURLcode martlet_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return loaded.curl_easy_getinfo(handle, info, value);
}

const struct curl_slist *martlet_curl_get_certificate(CURL *handle) {
    struct curl_certinfo *chain = NULL;
    if (loaded.curl_easy_getinfo(handle, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL || chain->num_of_certs < 1) return NULL;
    return chain->certinfo[0];
}

CURLM *martlet_curl_multi_init(void) { return loaded.curl_multi_init(); }
CURLMcode martlet_curl_multi_cleanup(CURLM *multi) { return loaded.curl_multi_cleanup(multi); }

CURLMcode martlet_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return loaded.curl_multi_setopt(multi, option, value);
}

CURLMcode martlet_curl_multi_add_handle(CURLM *multi, CURL *handle) { return loaded.curl_multi_add_handle(multi, handle); }
CURLMcode martlet_curl_multi_remove_handle(CURLM *multi, CURL *handle) { return loaded.curl_multi_remove_handle(multi, handle); }
CURLMcode martlet_curl_multi_perform(CURLM *multi, int *running) { return loaded.curl_multi_perform(multi, running); }
CURLMcode martlet_curl_multi_poll(CURLM *multi, int milliseconds) { return loaded.curl_multi_poll(multi, NULL, 0, milliseconds, NULL); }
CURLMsg *martlet_curl_multi_info_read(CURLM *multi, int *left) { return loaded.curl_multi_info_read(multi, left); }

struct curl_slist *martlet_curl_slist_append(struct curl_slist *list, const char *text) {
    return loaded.curl_slist_append(list, text);
}

void martlet_curl_slist_free_all(struct curl_slist *list) { loaded.curl_slist_free_all(list); }

// libcurl, loaded when it is first asked for. It brings thirty libraries with it (LDAP, Kerberos, SSH …), four megabytes in
// a process that may never fetch anything: the service starts without them. Only the functions that are used are here; those with
// a variable number of arguments, which Swift cannot call, once per argument type.
#ifndef MARTLET_CURL_H
#define MARTLET_CURL_H

#include <curl/curl.h>

// Loads the library and prepares it, once for the process: call it before anything else. Null when it works, else why not.
const char *martlet_curl_load(void);

CURL *martlet_curl_easy_init(void);
void martlet_curl_easy_cleanup(CURL *handle);
void martlet_curl_easy_reset(CURL *handle);
const char *martlet_curl_easy_strerror(CURLcode code);

CURLcode martlet_curl_set_long(CURL *handle, CURLoption option, long value);
// Null resets the option. curl copies the text.
CURLcode martlet_curl_set_text(CURL *handle, CURLoption option, const char *value);
CURLcode martlet_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value);
// For what curl only points at: a list of header fields, the argument of a callback, the buffer of an error's text.
CURLcode martlet_curl_set_pointer(CURL *handle, CURLoption option, void *value);
CURLcode martlet_curl_set_callback(CURL *handle, CURLoption option, curl_write_callback value);
// Asked for a socket for every address that is to be connected to, after resolution.
CURLcode martlet_curl_set_open_socket(CURL *handle, curl_opensocket_callback value);
// http and https, whatever else this libcurl speaks.
CURLcode martlet_curl_allow_http_only(CURL *handle);
// A name that does not resolve in time is left to its resolver thread, which cleans up after itself: without this the end of
// the exchange waits for it, however long the time has been over.
CURLcode martlet_curl_leave_slow_resolver(CURL *handle);
CURLcode martlet_curl_get_long(CURL *handle, CURLINFO info, long *value);
// What libcurl tells of the peer's own certificate, a line "name:value" each, where CURLOPT_CERTINFO was set; null for nothing. Good until
// the handle is used again.
const struct curl_slist *martlet_curl_get_certificate(CURL *handle);

CURLM *martlet_curl_multi_init(void);
CURLMcode martlet_curl_multi_cleanup(CURLM *multi);
CURLMcode martlet_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURLMcode martlet_curl_multi_add_handle(CURLM *multi, CURL *handle);
CURLMcode martlet_curl_multi_remove_handle(CURLM *multi, CURL *handle);
CURLMcode martlet_curl_multi_perform(CURLM *multi, int *running);
CURLMcode martlet_curl_multi_poll(CURLM *multi, int milliseconds);
CURLMsg *martlet_curl_multi_info_read(CURLM *multi, int *left);

struct curl_slist *martlet_curl_slist_append(struct curl_slist *list, const char *text);
void martlet_curl_slist_free_all(struct curl_slist *list);

#endif

// Every file that travels inside the program. A test compares this list with the folders.
// #embed is C23: the compiler knows it as an extension of the C that SwiftPM asks for.
#pragma clang diagnostic ignored "-Wc23-extensions"

#include "embedded.h"

static const unsigned char index_html[] = {
#embed "../../../Public/index.html"
};
static const unsigned char logo_svg[] = {
#embed "../../../Public/logo.svg"
};
static const unsigned char martlet_svg[] = {
#embed "../../../Public/martlet.svg"
};
static const unsigned char martlet_css[] = {
#embed "../../../Public/css/martlet.css"
};
static const unsigned char pages_css[] = {
#embed "../../../Public/css/pages.css"
};
static const unsigned char form_post_js[] = {
#embed "../../../Public/js/form-post.js"
};
static const unsigned char forms_js[] = {
#embed "../../../Public/js/forms.js"
};
static const unsigned char martlet_js[] = {
#embed "../../../Public/js/martlet.js"
};
static const unsigned char page_js[] = {
#embed "../../../Public/js/page.js"
};
static const unsigned char panels_js[] = {
#embed "../../../Public/js/panels.js"
};
static const unsigned char consent_page[] = {
#embed "../../../Public/pages/consent.html"
};
static const unsigned char device_code_page[] = {
#embed "../../../Public/pages/device-code.html"
};
static const unsigned char device_confirm_page[] = {
#embed "../../../Public/pages/device-confirm.html"
};
static const unsigned char device_done_page[] = {
#embed "../../../Public/pages/device-done.html"
};
static const unsigned char error_page[] = {
#embed "../../../Public/pages/error.html"
};
static const unsigned char form_post_page[] = {
#embed "../../../Public/pages/form-post.html"
};
static const unsigned char frame_page[] = {
#embed "../../../Public/pages/frame.html"
};
static const unsigned char register_page[] = {
#embed "../../../Public/pages/register.html"
};
static const unsigned char sign_in_page[] = {
#embed "../../../Public/pages/sign-in.html"
};
static const unsigned char sign_out_page[] = {
#embed "../../../Public/pages/sign-out.html"
};
static const unsigned char signed_out_page[] = {
#embed "../../../Public/pages/signed-out.html"
};
static const unsigned char texts_de[] = {
#embed "../../../Public/pages/texts.de.json"
};
static const unsigned char texts_en[] = {
#embed "../../../Public/pages/texts.en.json"
};
static const unsigned char users_sql[] = {
#embed "../../../Migrations/0001_users.sqlite.sql"
};
static const unsigned char sessions_sql[] = {
#embed "../../../Migrations/0002_sessions.sqlite.sql"
};
static const unsigned char revocations_sql[] = {
#embed "../../../Migrations/0003_revocations.sqlite.sql"
};
static const unsigned char keys_sql[] = {
#embed "../../../Migrations/0004_keys.sqlite.sql"
};
static const unsigned char audit_sql[] = {
#embed "../../../Migrations/0005_audit.sqlite.sql"
};
static const unsigned char imported_users_sql[] = {
#embed "../../../Migrations/0006_imported_users.sqlite.sql"
};
static const unsigned char old_tokens_sql[] = {
#embed "../../../Migrations/0007_old_tokens.sqlite.sql"
};
static const unsigned char oauth_sql[] = {
#embed "../../../Migrations/0008_oauth.sqlite.sql"
};
static const unsigned char logout_sql[] = {
#embed "../../../Migrations/0009_logout.sqlite.sql"
};
static const unsigned char common_passwords[] = {
#embed "common-passwords.txt"
};

#define FILE(name, bytes) { name, bytes, sizeof bytes }

static const struct martlet_embedded_file files[] = {
    FILE("Public/index.html", index_html),
    FILE("Public/logo.svg", logo_svg),
    FILE("Public/martlet.svg", martlet_svg),
    FILE("Public/css/martlet.css", martlet_css),
    FILE("Public/css/pages.css", pages_css),
    FILE("Public/js/form-post.js", form_post_js),
    FILE("Public/js/forms.js", forms_js),
    FILE("Public/js/martlet.js", martlet_js),
    FILE("Public/js/page.js", page_js),
    FILE("Public/js/panels.js", panels_js),
    FILE("Public/pages/consent.html", consent_page),
    FILE("Public/pages/device-code.html", device_code_page),
    FILE("Public/pages/device-confirm.html", device_confirm_page),
    FILE("Public/pages/device-done.html", device_done_page),
    FILE("Public/pages/error.html", error_page),
    FILE("Public/pages/form-post.html", form_post_page),
    FILE("Public/pages/frame.html", frame_page),
    FILE("Public/pages/register.html", register_page),
    FILE("Public/pages/sign-in.html", sign_in_page),
    FILE("Public/pages/sign-out.html", sign_out_page),
    FILE("Public/pages/signed-out.html", signed_out_page),
    FILE("Public/pages/texts.de.json", texts_de),
    FILE("Public/pages/texts.en.json", texts_en),
    FILE("Migrations/0001_users.sqlite.sql", users_sql),
    FILE("Migrations/0002_sessions.sqlite.sql", sessions_sql),
    FILE("Migrations/0003_revocations.sqlite.sql", revocations_sql),
    FILE("Migrations/0004_keys.sqlite.sql", keys_sql),
    FILE("Migrations/0005_audit.sqlite.sql", audit_sql),
    FILE("Migrations/0006_imported_users.sqlite.sql", imported_users_sql),
    FILE("Migrations/0007_old_tokens.sqlite.sql", old_tokens_sql),
    FILE("Migrations/0008_oauth.sqlite.sql", oauth_sql),
    FILE("Migrations/0009_logout.sqlite.sql", logout_sql),
    FILE("common-passwords.txt", common_passwords),
};

size_t martlet_embedded_count(void) { return sizeof files / sizeof files[0]; }

struct martlet_embedded_file martlet_embedded(size_t index) { return files[index]; }

extern char **environ;

char **martlet_environment(void) { return environ; }

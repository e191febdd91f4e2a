// SPDX-License-Identifier: Apache-2.0
//
// The one door to httpd and APR for C++ files. httpd.h defines short macros (OK, DONE, DECLINED),
// so nothing but the module's own glue includes this.
#pragma once

// httpd.h first: the others need it and do not include it.
#include <httpd.h>

#include <ap_mpm.h>
#include <apr_pools.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>

extern "C" {
extern module AP_MODULE_DECLARE_DATA finwait_module;
}

APLOG_USE_MODULE(finwait);

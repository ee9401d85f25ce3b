/*
 * banned.h: functions that do not compile here, and what to use instead; included before every source by the build
 *
 * The system headers come first so that their own declarations stay whole.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CW_BANNED(func, instead) _Static_assert(0, #func "() is banned, use " instead)

#define atoi(x)      CW_BANNED(atoi, "cw_str_i64()")
#define atol(x)      CW_BANNED(atol, "cw_str_i64()")
#define atof(x)      CW_BANNED(atof, "cw_str_double()")
#define strcpy(d, s) CW_BANNED(strcpy, "talloc_strdup() or cw_buf")
#define strcat(d, s) CW_BANNED(strcat, "cw_buf_puts()")
#define strtok(s, d) CW_BANNED(strtok, "cw_str_split()")
#define gmtime(t)    CW_BANNED(gmtime, "gmtime_r()")
#define localtime(t) CW_BANNED(localtime, "localtime_r()")

/*
 * report_embedded.h: the page, style and script of the HTML report, built into the binary from src/trial/report/page/page/
 */
#pragma once
#include "store/embedded.h"

extern const struct cw_embedded cw_report_files[];

# SPDX-License-Identifier: Apache-2.0
# client: Scrapy spider
# kind: library
# debian: python3-scrapy
# A spider that has done its pages and waits for more, as one that is fed by a queue does.
import sys

import scrapy
import scrapy.crawler

url, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if size:
    print("it reads every reply whole")
    sys.exit(77)


class Spider(scrapy.Spider):
    name = "survey"
    custom_settings = {"LOG_ENABLED": False, "ROBOTSTXT_OBEY": False}

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.wait, scrapy.signals.spider_idle)
        return spider

    def start_requests(self):
        for _ in range(times):
            yield scrapy.Request(url, dont_filter=True)

    def wait(self):
        raise scrapy.exceptions.DontCloseSpider

    def parse(self, reply):
        pass


process = scrapy.crawler.CrawlerProcess()
process.crawl(Spider)
process.start()

# Poisson mixtures by R's flexmix, from given shares of the rows:  Rscript poisson.R COUNTS.csv SHARES.csv WEIGHTS.csv|none OUT
# Run by make_poisson.py; the tests do not need it.
suppressPackageStartupMessages(library(flexmix))
arguments <- commandArgs(trailingOnly = TRUE)
y <- as.matrix(read.csv(arguments[1], header = FALSE))
start <- as.matrix(read.csv(arguments[2], header = FALSE))  # the share that each cluster has of each row
w <- if (arguments[3] == "none") NULL else as.integer(scan(arguments[3], quiet = TRUE))

# flexmix begins with an M-step from the shares: its state after n iterations is that of n M-steps from them.
fit <- function(iterations, tolerance)
  flexmix(y ~ 1, k = ncol(start), cluster = start, model = FLXMCmvpois(), weights = w,
          control = list(tolerance = tolerance, minprior = 0, iter.max = iterations, verbose = 0))

text <- function(values) paste(sprintf("%.17g", values), collapse = " ")
out <- file(arguments[4], "w")
for (n in c(1:6, 11, 21, 51)) cat("after", n, text(as.numeric(logLik(fit(n, 1e-300)))), "\n", file = out)
last <- fit(5000, 1e-15)
cat("iterations", last@iter, "\n", file = out)
cat("log_likelihood", text(as.numeric(logLik(last))), "\n", file = out)
cat("n_parameters", last@df, "\n", file = out)
cat("bic", text(BIC(last)), "\n", file = out)
cat("aic", text(AIC(last)), "\n", file = out)
# prior() is of the M-step that would come next
cat("weights", text(prior(last)), "\n", file = out)
cat("rates", text(parameters(last)), "\n", file = out)  # components one after the other
cat("labels", clusters(last) - 1, "\n", file = out)
cat("version", R.version$major, R.version$minor, as.character(packageVersion("flexmix")), "\n", file = out)
close(out)

# What mclust chooses by BIC, K from 1 to 9: Rscript mclust_choice.R rows.csv prints two lines "K model BIC": among
# full, tied, diag and spherical covariances (VVV, EEE, VVI, VII), and among all models. The BIC has shoal's sign: least
# is best.
suppressMessages(library(mclust))
x <- as.matrix(read.csv(commandArgs(TRUE)[1], header = FALSE))
choose <- function(...) {
  best <- Mclust(x, G = 1:9, verbose = FALSE, ...)
  cat(sprintf("%d %s %.15g\n", best$G, best$modelName, -best$bic))
}
choose(modelNames = c("VVV", "EEE", "VVI", "VII"))
choose()
